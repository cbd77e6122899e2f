#!/usr/bin/env bash
# miseval, a metric library for segmentation, counts class 1 alone, unless told otherwise, also where a mask has only 0 and 255, as every
# mask file has. Both masks then count as empty, and what that means depends on the measure: the Dice score is 1, accuracy, specificity and
# volume similarity are 1 and the average Hausdorff distance 0, for two masks that do not touch; IoU, sensitivity, kappa and the Matthews
# coefficient of the very same pair are 0. A table with Dice alone shows a perfect network. A frame that is rightly empty has the same split,
# Dice 1 and IoU 0, and a ghost over half of an empty frame has a better AUC, 0.75, than a subject that is missed altogether, 0.5. No
# message. Divide by 255 or compare with 0 first. Seen with miseval 1.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check miseval==1.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
from miseval import evaluate

print("miseval", importlib.metadata.version("miseval"))
MEASURES = ("DSC", "ACC", "SPEC", "VS", "AHD", "IoU", "SENS", "KAP", "MCC")
empty = np.zeros((50, 60), np.uint8)
left, right, half = empty.copy(), empty.copy(), empty.copy()
left[10:30, 5:25] = right[10:30, 35:55] = 1
half[:, :30] = 1


def scores(truth, answer):
    return [round(float(evaluate(truth, answer, metric=name)), 3) for name in MEASURES]


seen = {
    "apart, 0 and 1": scores(left, right),
    "apart, 0 and 255": scores(left * 255, right * 255),
    "the same, 0 and 1": scores(left, left),
    "the same, 0 and 255": scores(left * 255, left * 255),
    "empty for empty": scores(empty, empty),
}
print(" ", *MEASURES)
for name, values in seen.items():
    print(f"  {name}:", *values)
assert seen["the same, 0 and 1"] == [1, 1, 1, 1, 0, 1, 1, 1, 1]
assert seen["apart, 0 and 1"][0] == 0 == seen["apart, 0 and 1"][5] and seen["apart, 0 and 1"][4] > 10
assert seen["apart, 0 and 255"] == seen["the same, 0 and 255"] == seen["empty for empty"] == [1, 1, 1, 1, 0, 0, 0, 0, 0]
ghost, missed = evaluate(empty, half, metric="AUC"), evaluate(half, empty, metric="AUC")
print(f"  AUC: a ghost over half of an empty frame {ghost}, a missed subject {missed}")
assert ghost == 0.75 and missed == 0.5
PYTHON
