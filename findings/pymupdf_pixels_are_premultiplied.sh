#!/usr/bin/env bash
# A PyMuPDF Pixmap holds colour multiplied by alpha, and only half of the library remembers it: a PNG of (200, 100, 50) at alpha 128 is
# (100, 50, 25) in its samples, and save divides again, but pil_image and pil_save hand the multiplied colour on as straight RGBA, so
# that the page or cut-out gets dark edges. The other way round a Pixmap made of straight samples is divided by save all the same, and
# wraps around: red 200 becomes 142, (142, 199, 100) in the file. Opaque pixels are right everywhere. No message.
# Seen with PyMuPDF 2.0, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pymupdf==2.0 pillow==12.3.0
env/bin/python - <<'PYTHON'
import pymupdf
from PIL import Image

print("PyMuPDF", pymupdf.__version__)
straight = (200, 100, 50, 128)
picture = Image.new("RGBA", (32, 32), straight)
picture.save("straight.png")


def read(name):
    """The first pixel of a file, as Pillow reads it."""
    return Image.open(name).getpixel((0, 0))


pixmap = pymupdf.Pixmap("straight.png")
pixmap.save("saved.png")
pixmap.pil_save("pil_saved.png")
made = pymupdf.Pixmap(pymupdf.csRGB, 32, 32, picture.tobytes(), True)
made.save("made.png")
opaque = pymupdf.Pixmap(pymupdf.csRGB, 32, 32, Image.new("RGBA", (32, 32), (200, 100, 50, 255)).tobytes(), True)
opaque.save("opaque.png")
found = {
    "its samples": (tuple(pixmap.samples[:4]), (100, 50, 25, 128)),
    "save": (read("saved.png"), (199, 100, 50, 128)),
    "pil_image": (pixmap.pil_image().getpixel((0, 0)), (100, 50, 25, 128)),
    "pil_save": (read("pil_saved.png"), (100, 50, 25, 128)),
    "made of straight samples and saved": (read("made.png"), (142, 199, 100, 128)),
    "opaque, made of samples and saved": (read("opaque.png"), (200, 100, 50, 255)),
}
for name, (seen, expected) in found.items():
    print(f"{name}: {seen}")
    assert seen == expected, name
PYTHON
