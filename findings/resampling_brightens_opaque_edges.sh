#!/usr/bin/env bash
# Scaling a cut-out of one single colour gives it a rim of another colour, in opaque pixels, in tools that multiply by alpha
# first, as one should: a sharp filter overshoots at the edge, the multiplied colour is kept in its overshoot and alpha is cut
# at 255 before the division. (200, 100, 50), cut out hard and made half as large again, has opaque pixels of (226, 113, 56),
# 13 % too bright, by Pillow's default. White and fully saturated subjects hide it. Pillow (BICUBIC, the default of resize, and
# LANCZOS) and sharp (libvips; lanczos3 is its default) both do it; BOX, BILINEAR and "linear" don't. Multiplied and divided in
# float around libvips' resize the colour stays. Seen with Pillow 12.3.0, pyvips 3.2.0 (libvips 8.18.7) and, where npm is
# there, sharp 0.35.5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 numpy==2.2.6 pyvips==3.2.0 pyvips-binary==8.18.7
cat > check.py <<'PYTHON'
import sys

import numpy as np
import PIL
import pyvips
from PIL import Image

COLOUR = np.array((200, 100, 50))
picture = np.zeros((64, 64, 4), np.uint8)
picture[..., :3] = COLOUR
picture[16:48, 16:48, 3] = 255


def brightest(scaled):
    """The brightest colour of the opaque pixels; the right one is COLOUR everywhere."""
    opaque = scaled[scaled[..., 3] == 255][:, :3]
    assert len(opaque) > 500
    return opaque.max(0).tolist()


if len(sys.argv) > 1:
    found = brightest(np.fromfile(sys.argv[1], np.uint8).reshape(96, 96, 4))
    print("sharp, lanczos3:", found)
    assert found[0] > 215, found
    raise SystemExit

picture.tofile("picture.rgba")
print("Pillow", PIL.__version__, "pyvips", pyvips.__version__)
for name, is_right in (("BICUBIC", False), ("LANCZOS", False), ("BILINEAR", True), ("BOX", True)):
    found = brightest(np.asarray(Image.fromarray(picture).resize((96, 96), Image.Resampling[name])))
    print(f"Pillow, {name}:", found)
    assert (found == COLOUR.tolist()) == is_right and (is_right or found[0] > 215), found
image = pyvips.Image.new_from_array(picture, interpretation="srgb")
whole = image.premultiply().resize(1.5).unpremultiply()
found = brightest(np.rint(whole.numpy()).clip(0, 255).astype(np.uint8))
print("libvips, float between multiplication and division:", found)
assert found == COLOUR.tolist(), found
PYTHON
env/bin/python check.py
if command -v npm > /dev/null; then
    npm install --silent --no-audit --no-fund sharp@0.35.5
    node --input-type=module -e '
        import { readFileSync, writeFileSync } from "node:fs";
        import sharp from "sharp";
        const raw = { width: 64, height: 64, channels: 4 };
        writeFileSync("sharp.rgba", await sharp(readFileSync("picture.rgba"), { raw }).resize(96, 96).raw().toBuffer());
    '
    env/bin/python check.py sharp.rgba
fi
