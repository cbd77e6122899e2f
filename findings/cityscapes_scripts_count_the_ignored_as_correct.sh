#!/usr/bin/env bash
# cityscapesScripts, the scoring code of the Cityscapes label maps, counts the pixels for each picture when
# evalPixelAccuracy is set, and means others than it says: nbNotIgnoredPixels are those of the reference that are ignored (void, ego
# vehicle), and nbCorrectPixels are the ones among these whose label differs. So a perfect prediction has an accuracy of 0 %, one with every
# road pixel wrong has 0 % too, and one that puts road in all that is ignored, which is no error, has 100 %. The counts stand in the JSON result
# beside the scores of the classes, which are right. No message. Seen with cityscapesScripts 2.3.0 and NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check cityscapesScripts==2.3.0 numpy==2.2.6 pillow==12.0.0
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import json

import cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling as evaluation
import numpy as np
from PIL import Image

name2label = evaluation.name2label
print("cityscapesScripts", importlib.metadata.version("cityscapesScripts"))
VOID, ROAD, SIDEWALK, CAR = (name2label[name].id for name in ("unlabeled", "road", "sidewalk", "car"))
assert name2label["unlabeled"].ignoreInEval and not name2label["road"].ignoreInEval
reference = np.full((40, 50), ROAD, np.uint8)
reference[:10] = VOID
reference[30:, :25] = CAR
Image.fromarray(reference).save("reference.png")
arguments = evaluation.args
arguments.evalPixelAccuracy, arguments.evalInstLevelScore, arguments.quiet, arguments.exportFile = True, False, True, "result.json"

PREDICTIONS = {
    "perfect": reference,
    "road everywhere, also where it is ignored": np.where(reference == VOID, ROAD, reference),
    "the car taken for road": np.where(reference == CAR, ROAD, reference),
    "all road taken for sidewalk": np.where(reference == ROAD, SIDEWALK, reference),
}
counted = reference != VOID
seen = {}
for name, prediction in PREDICTIONS.items():
    Image.fromarray(prediction.astype(np.uint8)).save("prediction.png")
    evaluation.evaluateImgLists(["prediction.png"], ["reference.png"], arguments)
    with open("result.json") as file:
        result = json.load(file)
    counts = result["perImageScores"]["prediction.png"]
    right = np.count_nonzero((prediction == reference) & counted)
    seen[name] = counts["nbNotIgnoredPixels"], counts["nbCorrectPixels"], result["averageScoreClasses"]
    print(
        f"  {name}: {right} of {np.count_nonzero(counted)} pixels are right; said are {counts['nbCorrectPixels']} of {counts['nbNotIgnoredPixels']},",
        f"mean IoU {result['averageScoreClasses']:.3f}",
    )
    assert counts["nbNotIgnoredPixels"] == np.count_nonzero(~counted) != np.count_nonzero(counted)
    assert counts["nbCorrectPixels"] == np.count_nonzero((prediction != reference) & ~counted)
perfect, void_filled, car_lost, road_lost = seen.values()
assert perfect == (500, 0, 1.0) and void_filled == (500, 500, 1.0)
assert car_lost[:2] == road_lost[:2] == (500, 0) and 0.3 < road_lost[2] < car_lost[2] < 0.5
PYTHON
