#!/usr/bin/env bash
# OpenImageIO changes the colour of partly transparent pixels by a gamma when it writes WebP: it holds colour multiplied by
# alpha, divides it in linear light when it writes WebP, and multiplies plainly when it reads one or reads and writes a PNG.
# (200, 100, 50) at alpha 128, read from a PNG, is (139, 68, 40) in the WebP; a WebP copied five times is nearly black there.
# Opaque pixels and alpha are right, so that hair and motion blur alone grow dark. No warning. Seen with OpenImageIO 3.2.2.0,
# Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenImageIO==3.2.2.0 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import OpenImageIO
from PIL import Image

print("OpenImageIO", OpenImageIO.VERSION_STRING)
picture = np.full((64, 64, 4), (200, 100, 50, 255), np.uint8)
picture[32:, :, 3] = 128
for name in ("source.png", "copy0.webp"):
    Image.fromarray(picture).save(name, **({"lossless": True} if name.endswith("webp") else {}))


def copied(source, target):
    """The target's opaque and partly transparent pixel after OpenImageIO's plain copy."""
    image = OpenImageIO.ImageBuf(source)
    assert image.write(target), image.geterror()
    with Image.open(target) as written:
        return written.getpixel((30, 10)), written.getpixel((30, 50))


opaque, partly = copied("source.png", "source2.png")
print("PNG to PNG:", opaque, partly)
assert opaque == (200, 100, 50, 255) and max(abs(a - b) for a, b in zip(partly, picture[50, 30].tolist())) <= 1
opaque, partly = copied("source.png", "out.webp")
print("PNG to WebP:", opaque, partly)
assert np.allclose(opaque, picture[0, 0], atol=2) and partly[3] == 128

expected = [255 * ((value / 255 * 128 / 255) ** 2.2 / (128 / 255)) ** (1 / 2.2) for value in (200, 100, 50)]
print("divided in linear light (gamma 2.2):", [round(value) for value in expected])
assert np.allclose(partly[:3], expected, atol=8) and partly[0] < 150
for number in range(5):
    opaque, partly = copied(f"copy{number}.webp", f"copy{number + 1}.webp")
    print("WebP, copy", number + 1, opaque, partly)
assert np.allclose(opaque, picture[0, 0], atol=4) and max(partly[:3]) < 60 and partly[3] == 128, (opaque, partly)
PYTHON
