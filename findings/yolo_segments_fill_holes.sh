#!/usr/bin/env bash
# The way from a mask to the YOLO segmentation format and back fills holes, in the libraries that are used for it, and loses what is thin.
# ultralytics' masks2segments and its converter from mask files write one outline without its holes: the gap between arm and body, a
# window, becomes subject (561 pixels are 625). Of two parts "all" joins them by a bridge that is drawn as subject, and "largest" keeps
# the one whose outline has the most points, a speck of 49 pixels instead of a square of 400. A line one pixel wide is no line of the file
# at all, and a mask of 0 and 255 has class 254 or, with the classes counted rightly, an empty file and a warning. supervision's
# mask_to_polygons gives the hole as one more polygon like the others, so that who fills them all has it filled, and drops the thin line
# without a message. Keep masks as run lengths or PNG. Seen with ultralytics 8.4.190, supervision 0.31.2, PyTorch 2.14.1, torchvision
# 0.29.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check ultralytics==8.4.190 supervision==0.31.2 torch==2.14.1 torchvision==0.29.1 opencv-python==5.0.0.93 numpy==2.2.6
export YOLO_CONFIG_DIR="$folder" YOLO_OFFLINE=true
env/bin/python -W ignore - <<'PYTHON'
import pathlib

import cv2
import numpy as np
import supervision
import torch
import ultralytics
from ultralytics.data.converter import convert_segment_masks_to_yolo_seg
from ultralytics.data.utils import polygon2mask
from ultralytics.utils.ops import masks2segments

print("ultralytics", ultralytics.__version__, "supervision", supervision.__version__)
SIZE = (40, 40)
ring, two, speck, line = (np.zeros(SIZE, np.uint8) for _ in range(4))
ring[5:30, 5:30] = 1
ring[12:20, 12:20] = 0
two[2:12, 2:12] = two[25:35, 25:33] = 1
speck[2:22, 2:22] = 1
cv2.circle(speck, (32, 32), 4, 1, cv2.FILLED)
line[5:35, 20] = 1


def by_ultralytics(mask, strategy="all"):
    outline = masks2segments(torch.from_numpy(mask)[None], strategy=strategy)[0]
    return int(polygon2mask(SIZE, [outline.reshape(-1)]).sum())


def by_supervision(mask):
    filled = np.zeros(SIZE, bool)
    for polygon in supervision.mask_to_polygons(mask.astype(bool)):
        filled |= supervision.polygon_to_mask(polygon, SIZE).astype(bool)
    return int(filled.sum())


seen = {"ring": by_ultralytics(ring), "two": by_ultralytics(two), "largest of square and speck": by_ultralytics(speck, "largest")}
print("ultralytics: pixels before", {"ring": int(ring.sum()), "two": int(two.sum()), "square and speck": int(speck.sum())})
print("after:", seen)
assert ring.sum() == 561 and seen["ring"] == 625 and seen["two"] > two.sum() and seen["largest of square and speck"] < 100
print("supervision: ring", by_supervision(ring), "two", by_supervision(two), "line", by_supervision(line), "of", int(line.sum()))
assert by_supervision(ring) == 625 and by_supervision(two) == two.sum() and by_supervision(line) == 0
for folder in ("masks", "lines"):
    pathlib.Path(folder).mkdir()
for name, mask in (("ring", ring), ("line", line), ("white", ring * 255)):
    cv2.imwrite(f"masks/{name}.png", mask)
for classes in (1, 255):
    convert_segment_masks_to_yolo_seg("masks", "lines", classes=classes)
    written = {name: pathlib.Path(f"lines/{name}.txt").read_text().split() for name in ("ring", "line", "white")}
    print(f"files for {classes} classes:", {name: (words[0], (len(words) - 1) // 2) if words else "empty" for name, words in written.items()})
    assert written["ring"][0] == "0" and len(written["ring"]) == 9 and not written["line"]
    assert not written["white"] if classes == 1 else written["white"][0] == "254"
PYTHON
