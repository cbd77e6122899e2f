#!/usr/bin/env bash
# What a frame without the subject counts is another matter in every library that scores masks, and in torchmetrics in every class. Empty
# answer, empty truth: DiceScore and MeanIoU of torchmetrics leave the frame out, its GeneralizedDiceScore counts 0, as for a total
# miss, so that a clip whose subject leaves at half time scores 0.5 at best; MONAI leaves it out of Dice and IoU and counts 1 in its
# generalized one; scikit-learn says 0 with a warning and kornia 1. A subject seen where none is, the ghost that people notice
# first: MONAI's Dice and IoU leave that frame out as well (ignore_empty, documented), so that a perfect frame and a ghost score 1.
# DAVIS takes empty against empty for 1 and a ghost for 0. Of a clip of empties alone torchmetrics says NaN, MONAI 0. Count such frames
# apart. Seen with torchmetrics 1.9.0, MONAI 1.6.1, kornia 0.9.0, scikit-learn 1.9.1, PyTorch 2.13.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check torchmetrics==1.9.0 monai==1.6.1 kornia==0.9.0 scikit-learn==1.9.1 torch==2.13.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import numpy as np
import torch
from kornia.metrics import mean_iou
from monai import metrics as monai
from sklearn.metrics import f1_score
from torchmetrics import segmentation as torchmetrics

subject = torch.zeros(1, 32, 32, dtype=torch.long)
subject[:, 8:24, 8:24] = 1
nothing = torch.zeros_like(subject)
clips = {
    "a hit and a rightly empty frame": [(subject, subject), (nothing, nothing)],
    "a hit and a ghost": [(subject, subject), (subject, nothing)],
    "a hit and a miss": [(subject, subject), (nothing, subject)],
    "empty frames alone": [(nothing, nothing)],
}
one_class = {"num_classes": 2, "include_background": False, "input_format": "index"}
kinds = {
    "torchmetrics DiceScore": (lambda: torchmetrics.DiceScore(**one_class), [1, 0.5, 0.5, None]),
    "torchmetrics MeanIoU": (lambda: torchmetrics.MeanIoU(**one_class), [1, 0.5, 0.5, None]),
    "torchmetrics GeneralizedDiceScore": (lambda: torchmetrics.GeneralizedDiceScore(**one_class), [0.5, 0.5, 0.5, 0]),
    "MONAI DiceMetric": (monai.DiceMetric, [1, 1, 0.5, 0]),
    "MONAI MeanIoU": (monai.MeanIoU, [1, 1, 0.5, 0]),
    "MONAI GeneralizedDiceScore": (monai.GeneralizedDiceScore, [1, 0.5, 0.5, 1]),
}
print("scores of:", "; ".join(clips))
for name, (kind, expected) in kinds.items():
    seen = []
    for frames in clips.values():
        score = kind()
        for answer, truth in frames:
            if name.startswith("MONAI"):
                score(answer[None].float(), truth[None].float())
            else:
                score.update(answer, truth)
        value = float(score.aggregate() if name.startswith("MONAI") else score.compute())
        seen.append(None if np.isnan(value) else round(value, 3))
    print(f"{name}: {seen}")
    assert seen == expected
by_kornia = mean_iou(nothing.flatten(1), nothing.flatten(1), 2)[0, 1].item()
by_sklearn = f1_score(nothing.flatten(), nothing.flatten())
print(f"empty against empty: kornia {by_kornia:.1f}, scikit-learn {by_sklearn:.1f}")
assert by_kornia == 1 and by_sklearn == 0
PYTHON
