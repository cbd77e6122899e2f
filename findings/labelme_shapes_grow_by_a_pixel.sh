#!/usr/bin/env bash
# labelme makes masks of its shapes a row and a column too large: points are places in the picture, pixel 0 reaching from 0 to 1, and
# shape_to_mask gives them to Pillow, for which they are whole pixels, all of them inside. A rectangle from (10, 10) to (20, 20) has
# 121 pixels instead of 100, one of 3 x 3 has 16, and a sliver 0.4 wide a whole column. The right and lower edge move, so that the mask
# sits half a pixel off its subject. Of two shapes that share an edge the one drawn later takes a row of the other. The COCO file that
# is made from the same points has 100 in pycocotools, and rasterio fills 100 as well, so the two exports of one annotation differ.
# No message. Shapes of type "mask" keep their pixels. Seen with labelme 6.3.1, Pillow 12.3.0, pycocotools 2.0.11, rasterio 1.4.4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyqt5==5.15.11 imgviz==2.1.0 loguru==0.7.3 tifffile==2026.3.3 onnxruntime==1.32.0 \
  pillow==12.3.0 pycocotools==2.0.11 rasterio==1.4.4 numpy==2.4.6
# Without what its window alone needs.
env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps labelme==6.3.1
env/bin/python -W ignore - <<'PYTHON'
import labelme
import numpy as np
from labelme.utils import shape_to_mask, shapes_to_label
from pycocotools import mask as coco
from rasterio.features import rasterize

print("labelme", labelme.__version__)
HEIGHT, WIDTH = 40, 50
for left, top, right, bottom in ((10, 10, 20, 20), (30, 30, 33, 33), (5, 5, 5.4, 15)):
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    seen = shape_to_mask((HEIGHT, WIDTH), corners, "polygon")
    assert (seen == shape_to_mask((HEIGHT, WIDTH), [[left, top], [right, bottom]], "rectangle")).all()
    encoded = coco.merge(coco.frPyObjects([np.ravel(corners).tolist()], HEIGHT, WIDTH))
    by_coco = coco.decode(encoded)
    by_rasterio = rasterize([{"type": "Polygon", "coordinates": [[*corners, corners[0]]]}], out_shape=(HEIGHT, WIDTH))
    area = (right - left) * (bottom - top)
    counts = [int(mask.sum()) for mask in (seen, by_coco, by_rasterio)]
    print(f"{left}, {top} to {right}, {bottom}, area {area:.0f}: {counts[0]} pixels, pycocotools {counts[1]}, rasterio {counts[2]}")
    if area == int(area) and right - left >= 1:
        assert counts == [(right - left + 1) * (bottom - top + 1), area, area]
rows, columns = np.nonzero(shape_to_mask((HEIGHT, WIDTH), [[10, 10], [20, 20]], "rectangle"))
print("its middle:", rows.mean() + 0.5, columns.mean() + 0.5, "where 15, 15 was drawn")
assert rows.mean() == columns.mean() == 15
shapes = [
    {"label": name, "shape_type": "rectangle", "points": points}
    for name, points in (("left", [[10, 10], [20, 20]]), ("right", [[20, 10], [30, 20]]))
]
for order in (shapes, shapes[::-1]):
    classes, _ = shapes_to_label((HEIGHT, WIDTH), order, {"left": 1, "right": 2})
    counts = {name: int((classes == value).sum()) for name, value in (("left", 1), ("right", 2))}
    print("two neighbours of 100 each, the later one last:", [shape["label"] for shape in order], counts)
    assert counts[order[1]["label"]] == 121 and counts[order[0]["label"]] == 110
block = np.ones((10, 10), bool)
classes, _ = shapes_to_label((HEIGHT, WIDTH), [{"label": "left", "shape_type": "mask", "points": [[10, 10], [19, 19]], "mask": block}], {"left": 1})
assert classes.sum() == 100
PYTHON
