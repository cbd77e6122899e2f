#!/usr/bin/env bash
# supervision's box around a mask ends at the mask's last pixel where its cropping and its files count to the pixel after it. crop_image
# with the box from mask_to_xyxy cuts off the subject's last row and column; a 10 x 10 object has a bbox of [.., 9, 9] in the
# COCO file, less than its own area of 100, and a hair of one pixel's width a bbox and a box_area of 0. mask_to_polygons
# returns no polygon at all for the hair, so that the COCO entry has none, and the outline of a hole as one more object: drawn again,
# the hole is filled. mask_to_rle keeps every pixel. Seen with supervision 0.31.2, OpenCV 4.14.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check supervision==0.31.2 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import json

import cv2
import numpy as np
import supervision as sv

print("supervision", sv.__version__)
square, ring, hair = (np.zeros((40, 40), bool) for _ in range(3))
square[10:20, 10:20] = ring[22:32, 22:32] = hair[5, 5:30] = True
ring[25:29, 25:29] = False
masks = np.stack([square, hair])
boxes = sv.mask_to_xyxy(masks)
cut = sv.crop_image(square.astype(np.uint8), boxes[0])
print("box of a square of 10 x 10 at (10, 10):", boxes[0].tolist(), "cropped by it:", cut.shape, int(cut.sum()), "pixels")
assert boxes[0].tolist() == [10, 10, 19, 19] and cut.shape == (9, 9)
found = sv.Detections(xyxy=boxes.astype(np.float32), mask=masks, class_id=np.array([0, 0]))
print("area", found.area.tolist(), "box_area", found.box_area.tolist())
assert found.area.tolist() == [100, 25] and found.box_area.tolist() == [81, 0]
cv2.imwrite("frame.png", np.zeros((40, 40, 3), np.uint8))
data = sv.DetectionDataset(classes=["subject"], images=["frame.png"], annotations={"frame.png": found})
data.as_coco(annotations_path="coco.json")
with open("coco.json") as file:
    square_entry, hair_entry = json.load(file)["annotations"]
print("COCO:", square_entry["bbox"], square_entry["area"], "and", hair_entry["bbox"], hair_entry["area"], hair_entry["segmentation"])
assert square_entry["bbox"][2:] == [9, 9] and square_entry["area"] == 100
assert 0 in hair_entry["bbox"][2:] and not hair_entry["segmentation"]
assert sv.mask_to_polygons(hair) == []
drawn = np.zeros((40, 40), bool)
for polygon in sv.mask_to_polygons(ring):
    drawn |= sv.polygon_to_mask(polygon, (40, 40)).astype(bool)
print("a ring of", int(ring.sum()), "pixels, drawn again from its polygons:", int(drawn.sum()))
assert drawn.sum() == 100
for mask in (square, ring, hair):
    assert (sv.rle_to_mask(sv.mask_to_rle(mask), (40, 40)) == mask).all()
PYTHON
