#!/usr/bin/env bash
# SimpleITK's named thresholds (Otsu, Li, Yen, Huang, triangle and seven more) give 1 to what is below the threshold: "inside", whose value
# they take first, is the dark side. A bright subject comes back as 0 in a background of 1, and the largest component, a border or a
# Dice score taken from it are those of the background. OtsuMultipleThresholds in the same package numbers upwards, subject 1, and a
# comparison with the threshold (image > value, scikit-image's way) is right. Measured with LabelOverlapMeasures, two rightly empty
# masks have a Dice of infinity and a Jaccard index of 1.8e308, so that one such frame makes a clip's mean infinite. And
# LaplacianSharpening of a flat float picture, a matte of 1 too, is NaN everywhere. No message. Pass 0 and 1 as the first two values.
# Seen with SimpleITK 2.5.7, scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check simpleitk==2.5.7 scikit-image==0.26.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import math

import numpy as np
import SimpleITK as sitk
from skimage.filters import threshold_li, threshold_otsu, threshold_yen

print("SimpleITK", sitk.Version_VersionString())
NAMES = "Otsu Li Yen Huang Intermodes IsoData KittlerIllingworth MaximumEntropy Moments RenyiEntropy Shanbhag Triangle".split()
picture = np.full((60, 60), 30, np.uint8)
picture[20:40, 20:40] = 200
picture += np.random.default_rng(0).integers(0, 16, picture.shape, np.uint8)
image = sitk.GetImageFromArray(picture)
for name in NAMES:
    seen, asked = (sitk.GetArrayFromImage(getattr(sitk, f"{name}Threshold")(image, *values)) for values in ((), (0, 1)))
    # Some draw their line within the noise of the one or the other.
    (subject, ground), asked_for = (seen[20:40, 20:40].mean(), seen[:10].mean()), (asked[20:40, 20:40].mean(), asked[:10].mean())
    print(f"{name}Threshold: subject {subject:.2f}, background {ground:.2f}; given 0 and 1: {asked_for[0]:.2f} and {asked_for[1]:.2f}")
    assert subject < 0.5 < ground and asked_for[1] < 0.5 < asked_for[0]
several = sitk.GetArrayFromImage(sitk.OtsuMultipleThresholds(image))
assert (several[30, 30], several[5, 5]) == (1, 0)
for threshold in (threshold_otsu, threshold_li, threshold_yen):
    found = picture > threshold(picture)
    assert found[30, 30] and not found[5, 5]

measures = sitk.LabelOverlapMeasuresImageFilter()
subject, nothing = (sitk.GetImageFromArray((picture > level).astype(np.uint8)) for level in (128, 255))
scores = []
for first, second in ((subject, subject), (subject, nothing), (nothing, nothing)):
    measures.Execute(first, second)
    scores.append((measures.GetDiceCoefficient(), measures.GetJaccardCoefficient()))
print("Dice and Jaccard of a hit, a miss and two empty masks:", scores)
assert scores[:2] == [(1, 1), (0, 0)] and math.isinf(scores[2][0]) and scores[2][1] > 1e308
for name, flat in (("a matte of 1", np.ones((20, 20), np.float32)), ("the same with a hole", np.pad(np.zeros((4, 4), np.float32), 8, constant_values=1))):
    sharp = sitk.GetArrayFromImage(sitk.LaplacianSharpening(sitk.GetImageFromArray(flat)))
    print(f"LaplacianSharpening of {name}: corner {sharp[0, 0]}")
    assert np.isnan(sharp).all() if flat.all() else np.isclose(sharp[0, 0], 1)
PYTHON
