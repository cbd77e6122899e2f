#!/usr/bin/env bash
# SimpleITK, and the ITK inside it, writes the four channels of a straight RGBA picture to TIFF unchanged and marks the fourth as associated, that is
# premultiplied, at 8, 16 and 32 bits: Pillow, which follows the mark, divides: (200, 100, 50) at one half is (255, 199, 99).
# When it reads, it heeds no mark: striped files come as they are stored, of either kind, but tiled ones and those of separate
# planes come premultiplied, (100, 50, 25), though they are straight; grey with alpha of Pillow loses the alpha,
# and white of a palette is 65280 of 65535. PNG, MHA and NRRD keep all; JPEG multiplies, and marks four channels as CMYK.
# Only JPEG says something. Use PNG, or write channels as files. Seen with SimpleITK 2.5.7, tifffile 2026.3.3, Pillow 12.3.0, NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check simpleitk==2.5.7 tifffile==2026.3.3 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import numpy as np
import SimpleITK as sitk
import tifffile
from PIL import Image

print("SimpleITK", sitk.Version().VersionString())
STRAIGHT, MULTIPLIED = (200, 100, 50, 128), (100, 50, 25, 128)
picture = np.full((16, 16, 4), STRAIGHT, np.uint8)

for kind, factor in ((np.uint8, 1), (np.uint16, 257), (np.float32, 1 / 255)):
    numbers = (picture * np.float64(factor)).astype(kind)
    sitk.WriteImage(sitk.GetImageFromArray(numbers, isVector=True), "own.tif")
    with tifffile.TiffFile("own.tif") as file:
        (extra,) = file.pages[0].extrasamples
        stored = file.asarray()
    print(f"  written, {np.dtype(kind)}: {extra.name}, {stored[2, 2].tolist()}")
    assert extra == tifffile.EXTRASAMPLE.ASSOCALPHA and np.array_equal(stored, numbers)
    if kind is np.uint8:
        pillow = Image.open("own.tif").convert("RGBA").getpixel((2, 2))
        print("  read by Pillow:", pillow)
        assert np.abs(np.subtract(pillow, (255, 199, 99, 128))).max() <= 1
for suffix in ("png", "mha", "nrrd"):
    sitk.WriteImage(sitk.GetImageFromArray(picture, isVector=True), f"own.{suffix}")
    assert sitk.ReadImage(f"own.{suffix}").GetPixel(2, 2) == STRAIGHT

for name, pixels, settings, right in (
    ("striped, straight", picture, {"extrasamples": ["unassalpha"]}, STRAIGHT),
    ("striped, premultiplied", picture // (2, 2, 2, 1), {"extrasamples": ["assocalpha"]}, MULTIPLIED),
    ("tiled, straight", picture, {"extrasamples": ["unassalpha"], "tile": (16, 16)}, MULTIPLIED),
    ("planes, straight", np.moveaxis(picture, -1, 0), {"extrasamples": ["unassalpha"], "planarconfig": "separate"}, MULTIPLIED),
):
    tifffile.imwrite("in.tif", np.ascontiguousarray(pixels).astype(np.uint8), photometric="rgb", **settings)
    read = sitk.ReadImage("in.tif").GetPixel(2, 2)
    print(f"  read, {name}: {read}")
    assert np.abs(np.subtract(read, right)).max() <= 1
Image.fromarray(picture).convert("LA").save("grey.tif")
Image.fromarray(np.tile(np.array([0, 255], np.uint8), (16, 8))).quantize(2).save("palette.tif")
grey, palette = sitk.ReadImage("grey.tif"), sitk.ReadImage("palette.tif")
print("  grey with alpha:", grey.GetNumberOfComponentsPerPixel(), "channel; white of a palette:", palette.GetPixel(1, 0), palette.GetPixelIDTypeAsString())
assert grey.GetNumberOfComponentsPerPixel() == 1
assert max(np.max(palette.GetPixel(column, 0)) for column in range(2)) == 65280 and "16-bit" in palette.GetPixelIDTypeAsString()

sitk.WriteImage(sitk.GetImageFromArray(picture, isVector=True), "own.jpg")
jpeg = Image.open("own.jpg")
print("  JPEG:", jpeg.mode, sitk.ReadImage("own.jpg").GetPixel(2, 2))
assert jpeg.mode == "CMYK" and np.abs(np.subtract(sitk.ReadImage("own.jpg").GetPixel(2, 2), MULTIPLIED[:3])).max() <= 3
PYTHON
