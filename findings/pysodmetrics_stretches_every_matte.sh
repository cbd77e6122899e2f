#!/usr/bin/env bash
# PySODMetrics, which salient object, camouflage and dichotomous segmentation papers (IS-Net, BiRefNet) are scored with, stretches each
# predicted mask to 0 to 1 by its own darkest and brightest pixel before any of its measures sees it, even MAE. A matte of 4 % opacity in
# the right place has a MAE of 0 and is perfect by every measure, and so is one that never falls below 200 of 255; in a frame without
# a subject a haze of one level counts as a solid subject (MAE 0.64 instead of 0.003), and an answer that is empty as it should be has
# an F-measure of 0 and an E-measure that is 0 or 1 by the kind of threshold. Better predictions score worse: a bright speck of dust
# beside the ghost brings its MAE from 0 to 0.15. In a clip each frame has another stretch. normalize=False with float masks leaves them
# alone. Seen with PySODMetrics 1.6.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pysodmetrics==1.6.2 numpy==2.2.6 scipy==1.17.1
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
from py_sod_metrics import MAE, Emeasure, Fmeasure, Smeasure, WeightedFmeasure

print("PySODMetrics", importlib.metadata.version("pysodmetrics"))


def scores(answer, truth, **options):
    """MAE, S, weighted F, largest F, and E at the adaptive and at the best threshold."""
    found = {}
    for measure in (MAE(), Smeasure(), WeightedFmeasure(), Fmeasure(), Emeasure()):
        measure.step(pred=answer, gt=truth, **options)
        found |= measure.get_results()
    return [float(x) for x in (found["mae"], found["sm"], found["wfm"], found["fm"]["curve"].max(), found["em"]["adp"], found["em"]["curve"].max())]


truth = np.zeros((100, 100), np.uint8)
truth[30:70, 30:70] = 255
empty = np.zeros_like(truth)
ghost = truth // 255 * 10
dusty = ghost.copy()
dusty[5, 5] = 255
haze = empty.copy()
haze[10:90, 10:90] = 1
seen = {}
for name, answer, right in (
    ("the truth itself", truth, truth),
    ("4 % opaque", ghost, truth),
    ("never below 200", 200 + ghost, truth),
    ("4 % opaque, one white pixel", dusty, truth),
    ("empty for empty", empty, empty),
    ("one level of haze for empty", haze, empty),
):
    seen[name] = scores(answer, right)
    plain = np.abs(answer / 255 - right / 255).mean()
    print(f"{name}: MAE {seen[name][0]:.3f}, by hand {plain:.3f}; S, wF, F, E, E", [round(value, 3) for value in seen[name][1:]])
assert seen["4 % opaque"] == seen["never below 200"] == seen["the truth itself"] and seen["4 % opaque"][0] == 0
assert 0.14 < seen["4 % opaque, one white pixel"][0] < 0.16
assert abs(seen["one level of haze for empty"][0] - 0.64) < 1e-6
assert seen["empty for empty"][0] == 0 and seen["empty for empty"][3:5] == [0, 0] and seen["empty for empty"][5] > 0.99
alone = scores(ghost / 255, truth > 128, normalize=False)
print("4 % opaque with normalize=False: MAE", round(alone[0], 3))
assert abs(alone[0] - np.abs(ghost / 255 - truth / 255).mean()) < 1e-9
PYTHON
