#!/usr/bin/env bash
# Qt's QImage.setAlphaChannel, the call for giving a picture a matte, makes the picture premultiplied whatever it was: of an 8-bit
# foreground of (200, 100, 50) only (255, 127, 0) is left at alpha 2 and (255, 0, 0) at alpha 1, and a PNG saved from it holds that. Straight
# formats (ARGB32, RGBA8888) don't keep it from doing so, and the result's format is the one sign. And Format_Alpha8 made of
# a grey matte by convertToFormat is not the matte but its (missing) alpha, 255 everywhere: set as alpha it changes nothing. A picture
# in Format_RGBA64 keeps its colour at alpha 1 of 255, to a level. Seen with PySide6 6.12.0, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyside6-essentials==6.12.0 pillow==12.3.0
QT_QPA_PLATFORM=offscreen env/bin/python - <<'PYTHON'
import PySide6
from PIL import Image
from PySide6.QtGui import QColor, QImage

print("PySide6", PySide6.__version__)
Format = QImage.Format
matte = QImage(bytes(range(256)), 256, 1, 256, Format.Format_Grayscale8).copy()


def with_matte(picture_format, alpha):
    """Colours at alpha 0, 1, 2 and 255 of a foreground of one colour, in the PNG saved from it, and the format it had."""
    picture = QImage(256, 1, picture_format)
    picture.fill(QColor(200, 100, 50))
    picture.setAlphaChannel(alpha)
    picture.save("cutout.png")
    with Image.open("cutout.png") as saved:
        return [saved.convert("RGBA").getpixel((x, 0)) for x in (0, 1, 2, 255)], picture.format().name


lost = [(0, 0, 0, 0), (255, 0, 0, 1), (255, 127, 0, 2), (200, 100, 50, 255)]
for picture_format in (Format.Format_RGB32, Format.Format_RGB888, Format.Format_ARGB32, Format.Format_RGBA8888):
    colours, result = with_matte(picture_format, matte)
    print(picture_format.name, "becomes", result, colours)
    assert colours == lost and result.endswith("_Premultiplied")
colours, result = with_matte(Format.Format_RGBA64, matte)
print("Format_RGBA64 becomes", result, colours)
assert all(abs(seen - right) <= 1 for colour in colours[1:] for seen, right in zip(colour, (200, 100, 50)))
colours, result = with_matte(Format.Format_RGB32, matte.convertToFormat(Format.Format_Alpha8))
print("with the matte converted to Format_Alpha8:", colours)
assert colours == [(200, 100, 50, 255)] * 4
PYTHON
