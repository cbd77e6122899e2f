#!/usr/bin/env bash
# Augmentor puts the masks given with ground_truth() through everything that it does to their pictures, not through the geometry alone:
# random_brightness and random_contrast darken a matte with its picture, invert turns it around, histogram_equalisation makes a label map of
# 0, 2 and 20 one of 0, 211 and 255, random_erasing writes noise into it where the picture is erased, black_and_white makes labels
# all black. Whatever turns, skews, zooms or resizes takes bicubic for masks as well, so that the map comes back with more than 20 classes, most of
# them nowhere in the file; crops and flips alone keep the three. Files are written and trained on without a message, a check of a
# white-on-black mask under rotation looks right. Do geometry in a pipeline of its own, and threshold. Seen with Augmentor 0.2.12.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check augmentor==0.2.12 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON' 2> messages | grep '^:'
import importlib.metadata
import pathlib
import shutil

import Augmentor
import numpy as np
from PIL import Image

print(": Augmentor", importlib.metadata.version("augmentor"), "Pillow", importlib.metadata.version("pillow"))
rows, columns = np.mgrid[:96, :128]
away = np.hypot(rows - 40, columns - 70)
labels = np.where(away < 15, 20, np.where(away < 30, 2, 0)).astype(np.uint8)
matte = (np.clip((30 - away) / 8 + 0.5, 0, 1) * 255).round().astype(np.uint8)
picture = np.repeat(np.where(away < 30, 200, 30).astype(np.uint8)[..., None], 3, axis=2)


def mask_after(mask, operation):
    for name, array in (("pictures", picture), ("masks", mask)):
        shutil.rmtree(name, ignore_errors=True)
        pathlib.Path(name).mkdir()
        Image.fromarray(array).save(f"{name}/one.png")
    pipeline = Augmentor.Pipeline("pictures", "answers")
    pipeline.ground_truth("masks")
    operation(pipeline)
    pipeline.set_seed(1)
    pipeline.sample(1, multi_threaded=False)
    (file,) = (path for path in pathlib.Path("pictures/answers").iterdir() if "groundtruth" in path.name)
    return np.asarray(Image.open(file))


for name, operation, most in (
    ("flip_left_right", lambda pipeline: pipeline.flip_left_right(1), 3),
    ("crop_centre", lambda pipeline: pipeline.crop_centre(1, 0.7), 3),
    ("rotate", lambda pipeline: pipeline.rotate(1, 20, 20), None),
    ("zoom", lambda pipeline: pipeline.zoom(1, 1.3, 1.3), None),
    ("skew", lambda pipeline: pipeline.skew(1), None),
    ("random_distortion", lambda pipeline: pipeline.random_distortion(1, 4, 4, 5), None),
    ("resize", lambda pipeline: pipeline.resize(1, 77, 50), None),
    ("random_erasing", lambda pipeline: pipeline.random_erasing(1, 0.4), None),
):
    found = np.unique(mask_after(labels, operation)).tolist()
    print(f": {name}: {len(found)} classes of 3: {found[:8]}")
    assert found == [0, 2, 20] if most else len(found) > 15
for name, operation in (
    ("random_brightness", lambda pipeline: pipeline.random_brightness(1, 0.3, 0.4)),
    ("random_contrast", lambda pipeline: pipeline.random_contrast(1, 0.3, 0.4)),
    ("invert", lambda pipeline: pipeline.invert(1)),
):
    seen = mask_after(matte, operation)
    print(f": {name}: the matte's middle is {seen[40, 70]} instead of 255, its corner {seen[0, 0]} instead of 0")
    assert seen[40, 70] < 200
equalised = np.unique(mask_after(labels, lambda pipeline: pipeline.histogram_equalisation(1))).tolist()
black = np.unique(mask_after(labels, lambda pipeline: pipeline.black_and_white(1))).tolist()
print(": histogram_equalisation:", equalised, "black_and_white:", black)
assert equalised == [0, 211, 255] and black == [False]
PYTHON
