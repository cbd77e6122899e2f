#!/usr/bin/env bash
# MONAI's DiceMetric and compute_dice say that soft labels are permitted, and of a mask of one channel count what is exactly 1. A matte of
# 0.9999 instead of 1 scores 0 against its own mask, and so does a mask of 0 and 255. As the truth such a mask is empty: its score is
# NaN, and the mean leaves NaN out, so that a clip's frames vanish from the score, hits and misses alike: here three hits and a miss
# become 0.5, the mean of the first two. A frame in which the truth is rightly empty is left out likewise, whatever the answer
# (ignore_empty, documented). compute_generalized_dice and compute_iou do count soft levels; compute_iou of masks of 0 and 255 is 255.
# No message. Compare with 0.5 first. Seen with MONAI 1.6.1, PyTorch 2.13.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check monai==1.6.1 torch==2.13.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import math

import monai
import torch
from monai.metrics import DiceMetric, compute_dice, compute_generalized_dice, compute_iou

print("MONAI", monai.__version__)
assert "Soft labels are thus permitted" in DiceMetric.__doc__
mask = torch.zeros(1, 1, 16, 16)
mask[..., 4:12, 4:12] = 1
assert compute_dice(mask, mask).item() == 1
for level in (0.9999, 0.5, 255):
    seen = [compute_dice(mask * level, mask).item(), compute_dice(mask, mask * level).item()]
    print(f"the subject at {level}: as the answer Dice {seen[0]}, as the truth {seen[1]}; IoU {compute_iou(mask * level, mask).item():.4f}")
    assert seen[0] == 0 and math.isnan(seen[1])
assert abs(compute_generalized_dice(mask * 0.9999, mask).item() - 1) < 1e-3
assert abs(compute_iou(mask * 0.9999, mask).item() - 1) < 1e-3 and compute_iou(mask * 255, mask).item() == 255
nothing = torch.zeros_like(mask)
metric = DiceMetric()
for answer, truth in ((mask, mask), (mask * 0.9999, mask), (mask * 255, mask * 255), (nothing, mask * 255)):
    metric(answer, truth)
print("four frames, a hit, a hit of 0.9999, a hit of 255 and a miss:", metric.get_buffer().flatten().tolist(), "mean", metric.aggregate().item())
assert metric.aggregate().item() == 0.5
PYTHON
