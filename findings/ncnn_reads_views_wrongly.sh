#!/usr/bin/env bash
# ncnn's Python binding takes the memory of a NumPy array for a picture without gaps, in the order of its shape. frame.transpose(2, 0, 1),
# the usual way from (H, W, 3) to the (3, H, W) that networks want, is handed over untransposed: the first "channel" is the top third of
# the picture with red, green and blue in turn. Mat.from_pixels of a crop reads the rows of the whole frame run together. Shapes are right,
# no error, and the network answers with a plausible mask of a picture that was never there; numpy.ascontiguousarray mends both. A uint8
# Mat comes back as int8, so that a mask of 255 reads -1. Seen with ncnn 1.0.20261020.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check ncnn==1.0.20261020 numpy==2.2.6
env/bin/python - <<'PYTHON'
import ncnn
import numpy as np

print("ncnn", ncnn.__version__)
frame = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
planes = frame.astype(np.float32).transpose(2, 0, 1)
held = np.array(ncnn.Mat(planes))
print("red as given", planes[0, 0].tolist(), "as ncnn holds it", held[0, 0].tolist())
assert held.shape == planes.shape == (3, 6, 8)
assert (held.ravel() == frame.ravel()).all() and not (held == planes).all()
assert (np.array(ncnn.Mat(np.ascontiguousarray(planes))) == planes).all()

crop = frame[:4, :5]
rgb = ncnn.Mat.PixelType.PIXEL_RGB
held = np.array(ncnn.Mat.from_pixels(crop, rgb, 5, 4)).transpose(1, 2, 0)
print("second row of a crop, red", crop[1, :, 0].tolist(), "as ncnn holds it", held[1, :, 0].tolist())
assert (held.ravel() == frame.ravel()[: crop.size]).all() and not (held == crop).all()
assert (np.array(ncnn.Mat.from_pixels(np.ascontiguousarray(crop), rgb, 5, 4)).transpose(1, 2, 0) == crop).all()

back = np.array(ncnn.Mat(np.full((4, 4), 255, np.uint8)))
print("a mask of 255 comes back as", back.dtype, int(back[0, 0]))
assert back.dtype == np.int8 and int(back[0, 0]) == -1
PYTHON
