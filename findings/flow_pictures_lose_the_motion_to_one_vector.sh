#!/usr/bin/env bash
# The two usual ways to make a picture of optical flow, flow_vis.flow_to_color and torchvision's flow_to_image, divide by the fastest
# vector that they find, and take the mark that .flo files have for "unknown" (a number above 1e9, for pixels whose motion nobody knows)
# for a motion: with one such pixel the rest is white, left and right alike, a picture of a still. One stray vector does the same: 40
# pixels in a clip that moves by 3 leaves 7 % of the colour. torchvision divides a batch by the batch's fastest, so the same frame has
# another colour in another batch. OpenCV's file functions keep the mark as it is. Put 0 where it is unknown, and limit the rest yourself:
# flow_vis's own clip_flow cuts from 0 up, and motion to the left or upwards is gone. Seen with flow-vis 0.1, torchvision 0.29.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check flow-vis==0.1 torchvision==0.29.1 torch==2.14.1 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import cv2
import flow_vis
import numpy as np
import torch
import torchvision
from torchvision.utils import flow_to_image

print("torchvision", torchvision.__version__)
flow = np.zeros((64, 64, 2), np.float32)
flow[...] = (3, 1)
flow[:, 32:, 0] = -3


def by_torchvision(vectors):
    return flow_to_image(torch.from_numpy(vectors).permute(2, 0, 1)).permute(1, 2, 0).numpy()


def with_one(vector):
    changed = flow.copy()
    changed[0, 0] = vector
    return changed


marked = with_one((1e10, 1e10))
cv2.writeOpticalFlow("marked.flo", marked)
assert np.array_equal(cv2.readOpticalFlow("marked.flo"), marked)
for name, coloured in (("flow_vis", flow_vis.flow_to_color), ("torchvision", by_torchvision)):
    for what, vectors, least, most in (("plain", flow, 200, 255), ("one stray vector", with_one((40, 0)), 5, 40), ("one unknown pixel", marked, 0, 1)):
        picture = coloured(vectors).astype(int)
        right, left = picture[10, 10], picture[10, 50]
        print(f"{name}, {what}: to the right {right.tolist()}, to the left {left.tolist()}")
        assert least <= abs(right - left).max() <= most
batch = torch.from_numpy(np.stack([flow, flow * 20])).permute(0, 3, 1, 2)
alone, together = flow_to_image(batch[0])[:, 10, 10].tolist(), flow_to_image(batch)[0, :, 10, 10].tolist()
print("torchvision, the same frame alone and beside a faster one:", alone, together)
assert max(alone) - min(alone) > 200 and max(together) - min(together) < 30
limited = flow_vis.flow_to_color(flow, clip_flow=10).astype(int)
print("flow_vis with clip_flow=10: to the right", limited[10, 10].tolist(), "to the left", limited[10, 50].tolist())
still_left = np.zeros_like(flow) + (0, 1)
still_left[:, :32] = (3, 1)
assert np.array_equal(limited, flow_vis.flow_to_color(still_left.astype(np.float32), clip_flow=10))
PYTHON
