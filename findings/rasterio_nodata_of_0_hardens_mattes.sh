#!/usr/bin/env bash
# rasterio and the GDAL inside it leave pixels that equal a file's nodata value out of every average. A matte or a mask whose file says nodata=0,
# as the profile that one copies from a picture of the earth mostly does, so loses its soft edge as soon as it is resized while being read: a block of
# which 8 of 100 is covered is 161 instead of 20, one of 43 is 221 instead of 110, with bilinear, cubic, Lanczos and Gauss alike; overviews
# (build_overviews) are stored like that, and reproject moved by half a pixel has 252 at the edge where 126 is right. Enlarging grows the
# subject. A mean of read(masked=True) is over the subject alone. Without nodata all of it is right, and so is an alpha band of RGBA,
# but the mask that write_mask puts into a TIFF keeps one bit: every soft pixel comes back as 255; beside it (.msk) it stays soft. No message.
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
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.warp import reproject

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
rows, columns = np.mgrid[:32, :32]
matte = np.round(np.clip(10.5 - np.hypot(columns - 15.5, rows - 15.5), 0, 1) * 255).astype(np.uint8)
KIND = {"driver": "GTiff", "width": 32, "height": 32, "dtype": "uint8", "crs": "EPSG:3857", "transform": from_origin(0, 32, 1, 1)}
right = matte.reshape(8, 4, 8, 4).mean((1, 3))
for name, settings in (("plain.tif", {}), ("nodata.tif", {"nodata": 0})):
    with rasterio.open(name, "w", count=1, **KIND, **settings) as file:
        file.write(matte, 1)
    with rasterio.open(name) as file:
        assert np.array_equal(file.read(1), matte)
        for kind in ("average", "bilinear", "cubic", "lanczos", "gauss"):
            small = file.read(1, out_shape=(8, 8), resampling=Resampling[kind])
            print(f"  {name}, {kind}: {small[1].tolist()}, an average is {right[1].round().astype(int).tolist()}")
            assert small[1, 2] > 140 and small[1, 3] > 205 if settings else small[1, 2] < 50 and small[1, 3] < 165
            assert kind != "average" or bool(settings) != (np.abs(small - right) <= 1).all()
        large = (file.read(1, out_shape=(64, 64), resampling=Resampling.bilinear) > 127).sum()
        mean = file.read(1, masked=True).mean()
        print(f"  {name}: enlarged {large} pixels above one half, {4 * (matte > 127).sum()} expected; mean {mean:.0f}, of all {matte.mean():.0f}")
        assert (large > 1380 and mean > 240) if settings else (large < 1340 and mean == matte.mean())
    moved = np.zeros_like(matte)
    place = {"dst_transform": from_origin(0.5, 32, 1, 1), "dst_crs": "EPSG:3857"}
    with rasterio.open(name) as file:
        reproject(rasterio.band(file, 1), moved, resampling=Resampling.bilinear, **place)
    print(f"  {name}, moved by half a pixel: {moved[15, 4:8].tolist()}")
    assert abs(int(moved[15, 5]) - (252 if settings else 126)) <= 1
    with rasterio.open(name, "r+") as file:
        file.build_overviews([4], Resampling.average)
    with rasterio.open(name, OVERVIEW_LEVEL=0) as file:
        overview = file.read(1)[1].astype(int)
    print(f"  {name}, overview: {overview.tolist()}")
    assert (overview[2] > 140) == bool(settings)

with rasterio.open("rgba.tif", "w", count=4, **KIND) as file:
    file.write(np.stack([matte // 255 * 200, matte // 255 * 100, matte // 255 * 50, matte]))
with rasterio.open("rgba.tif") as file:
    alpha = file.read(4, out_shape=(8, 8), resampling=Resampling.average)
    print("  alpha band:", alpha[1].tolist(), "levels of its mask:", np.unique(file.read_masks(1)).size)
    assert (np.abs(alpha - right) <= 1).all() and np.array_equal(file.read_masks(1), matte)
for name, internal in (("beside.tif", False), ("inside.tif", True)):
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal), rasterio.open(name, "w", count=1, **KIND) as file:
        file.write(matte, 1)
        file.write_mask(matte)
    with rasterio.open(name) as file:
        kept = file.read_masks(1)
    print(f"  write_mask, {name}: levels {np.unique(matte).tolist()} are {np.unique(kept).tolist()}")
    assert np.array_equal(kept, np.where(matte > 0, 255, 0) if internal else matte)
PYTHON
