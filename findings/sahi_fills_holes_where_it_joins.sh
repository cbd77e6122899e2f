#!/usr/bin/env bash
# SAHI, which runs a network in slices over a large frame and joins what they found, fills every hole of a subject it joins: a mask is a list
# of polygons, read by even and odd, and the default GREEDYNMM, like NMM, keeps the outer line of each polygon of the union alone. Two
# slices over one subject with two holes come back as one mask of 1680 pixels, 1480 before, in agreement with its box and score. NMS
# leaves the holes and loses the half it drops. CocoAnnotation, which slice_coco cuts training data with, fills them as well, and has the area
# of the line through the middle of the border pixels, 841 of 900. A strand of one pixel's width that stands alone is no polygon and is
# dropped; alone in its mask it raises "Invalid segmentation mask", so that one hair ends the frame. No message otherwise.
# Join boolean masks by oneself. Seen with sahi 0.12.8, Shapely 2.2.0, OpenCV 4.14.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check sahi==0.12.8 shapely==2.2.0 opencv-python-headless==4.14.0.94 opencv-python==4.14.0.94 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import copy
from importlib.metadata import version

import numpy as np
from sahi.postprocess.combine import GreedyNMMPostprocess, NMMPostprocess, NMSPostprocess
from sahi.prediction import ObjectPrediction
from sahi.utils.coco import CocoAnnotation
from sahi.utils.cv import get_bool_mask_from_coco_segmentation, get_coco_segmentation_from_bool_mask

print("sahi", version("sahi"))
frame = np.zeros((64, 64), bool)
frame[10:40, 4:60] = True
frame[20:30, 14:24] = frame[20:30, 40:50] = False


def found(mask, score, left=0):
    """What a network found in a slice whose first column is the frame's column `left`."""
    one = ObjectPrediction(
        segmentation=get_coco_segmentation_from_bool_mask(mask),
        category_id=0,
        category_name="subject",
        score=score,
        full_shape=[64, 64],
        shift_amount=[left, 0],
    )
    return one.get_shifted_object_prediction()


whole = found(frame, 0.9).mask.bool_mask
print("one slice:", int(whole.sum()), "pixels, as it was:", bool((whole == frame).all()))
assert (whole == frame).all()
slices = [found(frame[:, :40], 0.9), found(frame[:, 24:], 0.8, 24)]
for joiner, added, lost in ((GreedyNMMPostprocess, 200, 0), (NMMPostprocess, 200, 0), (NMSPostprocess, 0, 500)):
    joined = joiner(match_threshold=0.3, match_metric="IOS")(copy.deepcopy(slices))
    assert len(joined) == 1
    mask = joined[0].mask.bool_mask
    seen = int((mask & ~frame).sum()), int((frame & ~mask).sum())
    print(f"{joiner.__name__}: {int(mask.sum())} pixels of {int(frame.sum())}, {seen[0]} too many, {seen[1]} lost, box {joined[0].bbox.to_xyxy()}")
    assert seen == (added, lost)

ring = np.zeros((64, 64), bool)
ring[10:40, 10:40] = True
block = get_coco_segmentation_from_bool_mask(ring)
ring[20:30, 20:30] = False
polygons = get_coco_segmentation_from_bool_mask(ring)
assert (get_bool_mask_from_coco_segmentation(polygons, 64, 64) == ring).all()
annotation = CocoAnnotation.from_coco_segmentation(segmentation=polygons, category_id=0, category_name="subject")
drawn = int(get_bool_mask_from_coco_segmentation(annotation.segmentation, 64, 64).sum())
full = CocoAnnotation.from_coco_segmentation(segmentation=block, category_id=0, category_name="subject")
print(f"CocoAnnotation of a ring of {int(ring.sum())}: {drawn} pixels; of a block of 900: area {full.area}, bbox {full.bbox}")
assert len(polygons) == 2 and len(annotation.segmentation) == 1 and drawn == 900
assert full.area == 29 * 29 and full.bbox[2:] == [29, 29]

hair = np.zeros((64, 64), bool)
hair[10, 10:30] = True
try:
    found(hair, 0.9)
except ValueError as error:
    message = str(error)
print("a hair of one pixel's width:", message)
assert message == "Invalid segmentation mask."
ring[:] = hair
ring[40:50, 40:50] = True
kept = found(ring, 0.9).mask.bool_mask
print("beside a block:", int(ring.sum()), "pixels before,", int(kept.sum()), "after")
assert ring.sum() == 120 and kept.sum() == 100
PYTHON
