#!/usr/bin/env bash
# pyvips takes a 16-bit NumPy picture for something that is not 16 bit: unless told, new_from_array names a matte of uint16
# "b-w" and four channels "multiband". The PNG writer then makes 8-bit files of both; the matte is cut at 255 instead of
# scaled, so that all above 0.4 % becomes white; the alpha of an AVIF has two levels; and flatten, which takes alpha for 0 to
# 255, gives white. Three channels are right, TIFF keeps everything, and interpretation="grey16" or "rgb16" cures all of it. No
# warning. Seen with pyvips 3.2.0 and libvips 8.18.7 (pyvips-binary), OpenCV 4.14.0 to read the files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyvips==3.2.0 pyvips-binary==8.18.7 numpy==2.2.6 opencv-python-headless==4.14.0.94
env/bin/python - <<'PYTHON'
import cv2
import numpy as np
import pyvips

print("pyvips", pyvips.__version__, "libvips", *(pyvips.version(part) for part in range(3)))
matte = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(8, 0)
cut_out = np.dstack([np.full_like(matte, level) for level in (51400, 25700, 12850)] + [matte])


def written(picture, suffix, **options):
    content = pyvips.Image.new_from_array(picture, **options).write_to_buffer(suffix)
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


as_it_comes, named = written(matte, ".png"), written(matte, ".png", interpretation="grey16")
print("a ramp of 256 levels as PNG:", as_it_comes.dtype, np.unique(as_it_comes).tolist())
assert as_it_comes.dtype == np.uint8 and np.unique(as_it_comes).tolist() == [0, 255]
assert named.dtype == np.uint16 and (named == matte).all()

four, named = written(cut_out, ".png"), written(cut_out, ".png", interpretation="rgb16")
colour = written(np.ascontiguousarray(cut_out[..., :3]), ".png")
print("16-bit pictures as PNG: RGBA", four.dtype, "RGBA named rgb16", named.dtype, "RGB", colour.dtype)
assert (four.dtype, named.dtype, colour.dtype) == (np.uint8, np.uint16, np.uint16)
assert (cv2.cvtColor(named, cv2.COLOR_BGRA2RGBA) == cut_out).all()

for options, is_right in (({}, False), ({"interpretation": "rgb16"}, True)):
    image = pyvips.Image.new_from_array(cut_out, **options)
    avif = pyvips.Image.new_from_buffer(image.write_to_buffer(".avif", lossless=True, bitdepth=8), "").numpy()
    alpha = np.unique(avif[..., 3] >> (8 * (avif.itemsize - 1)))
    flat = image.flatten(background=[0]).numpy()[0, 64]
    right = cut_out[0, 64, :3] * (cut_out[0, 64, 3] / 65535)
    print(options or "as it comes", "AVIF: alpha has", len(alpha), "levels; a quarter of the colour over black:", flat.tolist())
    assert (len(alpha) > 200) == is_right and (abs(flat - right).max() < 2) == is_right
PYTHON
