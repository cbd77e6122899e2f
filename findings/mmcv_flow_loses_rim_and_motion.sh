#!/usr/bin/env bash
# mmcv's flow_warp, which moves a frame or a matte of the last frame along optical flow, leaves out the last row and the last column at
# any flow, zero as well: they come back as filling_value, black, a hole in a subject that the frame cuts off, and with bilinear the hole
# spreads when the answer is moved again. Pictures of bytes are cut instead of rounded there: a white matte moved by 0.3 pixels is 254 in
# a seventh of its pixels, and falls on with each further step. "nearest", which it takes unasked, rounds halves to the even pixel, so
# that a shift of half a pixel doubles every second column and drops the others. flowwrite(quantize=True), in which data sets of MMEditing
# keep their flow, cuts it at max_val=0.02 of the frame's size: in a frame 192 pixels wide every motion above 3.8 pixels is read back as
# 3.8, without a message. cv2.remap does the first right, a .flo file the last. Seen with mmcv-lite 2.2.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check mmcv-lite==2.2.0 mmengine==0.10.7 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import cv2
import mmcv
import numpy as np

print("mmcv", mmcv.__version__)
HEIGHT, WIDTH = 128, 192
white = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
still = np.zeros((HEIGHT, WIDTH, 2), np.float32)
columns, rows = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))


def remapped(picture, flow):
    return cv2.remap(picture, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)


assert (remapped(white, still) == 255).all()
for mode in ("nearest", "bilinear"):
    once = mmcv.flow_warp(white, still, interpolate_mode=mode)
    print(f"{mode}, white moved by a flow of zero: last row {np.unique(once[-1])}, last column {np.unique(once[:, -1])}, the rest {np.unique(once[:-1, :-1])}")
    assert (once[-1] == 0).all() and (once[:, -1] == 0).all() and (once[:-1, :-1] == 255).all()
drift = still.copy()
drift[..., 0], drift[..., 1] = 0.3, 0.1
moved = white
assert (remapped(white, drift)[:-2, :-2] == 255).all()
for step in (1, 2, 3):
    moved = mmcv.flow_warp(moved, drift, interpolate_mode="bilinear")
    inner = moved[:-5, :-5]
    beside = moved[5, -6:, 0].tolist()
    print(f"bilinear, moved by 0.3 pixels {step} times: {(inner != 255).mean():.0%} of the inner pixels below 255, down to {inner.min()}; the last columns {beside}")
    assert (inner != 255).mean() > 0.1 and beside[-1] == 0 and (beside[-2] < 240) == (step > 1)
half = still.copy()
half[..., 0] = 0.5
ramp = np.broadcast_to(np.arange(WIDTH, dtype=np.uint8)[None, :, None], white.shape).copy()
seen = mmcv.flow_warp(ramp, half, interpolate_mode="nearest")[5, :10, 0].tolist()
print("nearest, columns 0 to 9 moved by half a pixel come from", seen)
assert seen == [0, 2, 2, 4, 4, 6, 6, 8, 8, 10]

flow = still.copy()
flow[..., 0], flow[..., 1] = columns / WIDTH * 24 - 12, 1.5
for options in ({}, {"max_val": 0.1}):
    mmcv.flowwrite(flow, "flow.png", quantize=True, concat_axis=0, **options)
    pictures = mmcv.imread("flow.png", flag="unchanged")
    back = mmcv.dequantize_flow(pictures[:HEIGHT], pictures[HEIGHT:], max_val=options.get("max_val", 0.02), denorm=True)
    print(f"quantized {options}: motion of up to {abs(flow).max():.1f} pixels comes back as up to {abs(back).max():.2f}, off by {abs(back - flow).max():.2f}")
    assert (abs(back).max() < 3.9 and abs(back - flow).max() > 8) if not options else abs(back - flow).max() < 0.1
mmcv.flowwrite(flow, "flow.flo")
assert (mmcv.flowread("flow.flo") == flow).all()
PYTHON
