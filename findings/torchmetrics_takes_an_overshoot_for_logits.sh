#!/usr/bin/env bash
# torchmetrics' binary scores take the whole prediction for logits as soon as one value in it is outside 0 to 1 (the documentation says when,
# not what that does to probabilities): everything goes through a sigmoid first, and the threshold of 0.5 becomes one of 0. A matte
# that a bicubic resize or a float sum has brought to 1.0000001 at a single pixel scores IoU 0.25 where it scored 1, since the
# faintest haze is subject; F1, precision and accuracy fall likewise, and the calibration error rises. Each update() decides by itself, so
# that one such frame lowers a clip's score and the others hide why. A matte of 0 to 255 is treated so from the start. No message.
# Clip to 0 to 1, or compare with the threshold first and hand over whole numbers. Seen with torchmetrics 1.9.0, PyTorch 2.13.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import torch
import torchmetrics
from torchmetrics.classification import BinaryJaccardIndex
from torchmetrics.functional.classification import (
    binary_accuracy,
    binary_calibration_error,
    binary_f1_score,
    binary_jaccard_index,
    binary_precision,
)

print("torchmetrics", torchmetrics.__version__)
truth = torch.zeros(1, 64, 64, dtype=torch.long)
truth[:, 16:48, 16:48] = 1
matte = truth * 0.98 + 0.01
overshot = matte.clone()
overshot[0, 32, 32] = 1.0000001
assert overshot.max() > 1
for score, right, seen in (
    (binary_jaccard_index, 1, 0.25),
    (binary_f1_score, 1, 0.4),
    (binary_precision, 1, 0.25),
    (binary_accuracy, 1, 0.25),
):
    values = [score(prediction, truth).item() for prediction in (matte, overshot, overshot.clip(0, 1), matte * 255)]
    print(f"{score.__name__}: {values[0]:.2f}, with one pixel above 1 {values[1]:.2f}, clipped {values[2]:.2f}, times 255 {values[3]:.2f}")
    assert [round(value, 4) for value in values] == [right, seen, right, seen]
errors = [binary_calibration_error(prediction, truth).item() for prediction in (matte, overshot)]
print(f"calibration error: {errors[0]:.2f} and {errors[1]:.2f}")
assert errors[0] < 0.02 and errors[1] > 0.4
# A matte that has been made larger by a bicubic filter, as PyTorch's interpolate does it.
larger = torch.nn.functional.interpolate(matte[None], scale_factor=2, mode="bicubic")[0]
larger_truth = truth.repeat_interleave(2, 1).repeat_interleave(2, 2)
values = [binary_jaccard_index(prediction, larger_truth).item() for prediction in (larger, larger.clip(0, 1))]
print(f"twice as large, bicubic, up to {larger.max():.3f}: IoU {values[0]:.2f}, clipped {values[1]:.2f}")
assert values[0] < 0.3 and values[1] > 0.95
clip = BinaryJaccardIndex()
for frame in range(10):
    clip.update(overshot if frame == 3 else matte, truth)
print(f"ten frames, one of them with such a pixel: {clip.compute():.2f}")
assert 0.7 < clip.compute() < 0.8
PYTHON
