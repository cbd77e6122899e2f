#!/usr/bin/env bash
# rasterio.merge, which makes one picture of tiles that overlap, takes 0 for "not written yet", channel by channel, when the files name no nodata value: where
# the first tile is pure blue, (0, 0, 255), red and green are filled from the next one below it, and opaque blue over (200, 100, 50) is (200, 100, 255), in
# RGB and RGBA alike; black of the first tile shows the second one wholly. A mask made of tiles is the union of them, never the first. With "last"
# nothing is left out, so that an alpha of 0 in the last tile erases what was there. "sum" wraps around: twice opaque is 254. Half transparent
# pixels are copied, not laid over. No message. A level that no tile has, as merge(nodata=7), keeps the first tile whole; 256 or -1 fails.
# Seen with rasterio 1.4.4 (GDAL 3.10.3) and NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import numpy as np
import rasterio
from rasterio.merge import merge
from rasterio.transform import from_origin

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
KIND = {"driver": "GTiff", "width": 4, "height": 4, "dtype": "uint8", "crs": "EPSG:3857", "transform": from_origin(0, 4, 1, 1)}


def stored(name, *pixel):
    """A tile of one colour; all of them lie at the same place."""
    photometric = {1: "MINISBLACK"}.get(len(pixel), "RGB")
    with rasterio.open(name, "w", count=len(pixel), photometric=photometric, **KIND) as file:
        file.write(np.full((4, 4, len(pixel)), pixel, np.uint8).transpose(2, 0, 1))
    return name


for method, first, second, wrong in (
    ("first", (0, 0, 255, 255), (200, 100, 50, 255), (200, 100, 255, 255)),
    ("first", (0, 0, 255), (200, 100, 50), (200, 100, 255)),
    ("first", (0, 0, 0), (200, 100, 50), (200, 100, 50)),
    ("first", (1, 1, 255, 255), (200, 100, 50, 255), None),
    ("first", (0,), (255,), (255,)),
    ("first", (1, 1, 255, 128), (200, 100, 50, 255), None),
    ("last", (200, 100, 50, 255), (0, 0, 255, 255), None),
    ("last", (200, 100, 50, 255), (0, 0, 0, 0), (0, 0, 0, 0)),
    ("sum", (200, 100, 50, 255), (10, 10, 10, 255), (210, 110, 60, 254)),
):
    tiles = [stored("a.tif", *first), stored("b.tif", *second)]
    seen = tuple(int(level) for level in merge(tiles, method=method)[0][:, 1, 1])
    print(f"  {method}: {first} and {second} are {seen}")
    assert seen == (wrong or {"first": first, "last": second}[method])
tiles = [stored("a.tif", 0, 0, 255), stored("b.tif", 200, 100, 50)]
kept = merge(tiles, nodata=7)[0][:, 1, 1].tolist()
print("  first, nodata=7:", kept)
assert kept == [0, 0, 255]
try:
    merge(tiles, nodata=256)
except TypeError as error:
    print("  first, nodata=256:", error)
else:
    raise AssertionError("256 is taken")
PYTHON
