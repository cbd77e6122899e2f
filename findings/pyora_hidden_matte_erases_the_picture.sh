#!/usr/bin/env bash
# pyora, the OpenRaster library of Python, draws a layer that is switched off as an empty one instead of leaving it out. For a matte
# as Krita and MyPaint store it, a layer of composite-op "svg:dst-in" over the foreground, empty means that nothing is kept: with its eye
# off the whole picture is transparent, where the foreground without its matte is right, and everything below it in the same group goes
# as well. "svg:dst-atop" does the same. "svg:src-over", "svg:dst-out" and "svg:src-atop" hide it. "svg:plus", which is there to add mattes
# up, is no sum of alpha: complementary halves, 128 and 127, are 191 together instead of 255, a seam of a quarter. The file's own merged
# picture, which file managers and Pillow-based readers show, is made so too. No message. Seen with pyora 0.3.11, Pillow 10.4.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyora==0.3.11 pillow==10.4.0 numpy==2.2.6 2> pip.log || { cat pip.log; exit 1; }
env/bin/python - <<'PYTHON'
import importlib.metadata
import zipfile

from PIL import Image
from pyora import Project

print("pyora", importlib.metadata.version("pyora"))
SUBJECT = (200, 100, 50, 255)
NOTHING = (0, 0, 0, 0)


def layer(colour, width=8):
    """A picture of 8 x 8 pixels whose left part has a colour; the rest is transparent."""
    picture = Image.new("RGBA", (8, 8), NOTHING)
    picture.paste(colour, (0, 0, width, 8))
    return picture


def drawn(operation, visible, matte=(0, 0, 0, 255), subject=SUBJECT, width=4):
    """The left and right half of a foreground under a matte of the left half, saved and read again."""
    project = Project.new(8, 8)
    project.add_layer(layer(subject), "foreground")
    project.add_layer(layer(matte, width), "matte", composite_op=operation, visible=visible)
    project.save("picture.ora")
    again = Project.load("picture.ora")
    assert {child.name: child.visible for child in again.children} == {"foreground": True, "matte": visible}
    rendered = again.get_image_data()
    with zipfile.ZipFile("picture.ora") as archive, archive.open("mergedimage.png") as stored:
        merged = Image.open(stored).convert("RGBA")
        seen = [[image.getpixel((x, 4)) for x in (1, 6)] for image in (rendered, merged)]
    assert seen[0] == seen[1]
    return seen[0]


for operation, shown, hidden in (
    ("svg:src-over", [(0, 0, 0, 255), SUBJECT], [SUBJECT, SUBJECT]),
    ("svg:dst-out", [NOTHING, SUBJECT], [SUBJECT, SUBJECT]),
    ("svg:src-atop", [(0, 0, 0, 255), SUBJECT], [SUBJECT, SUBJECT]),
    ("svg:dst-in", [SUBJECT, NOTHING], [NOTHING, NOTHING]),
    ("svg:dst-atop", [SUBJECT, NOTHING], [NOTHING, NOTHING]),
):
    seen = [drawn(operation, visible) for visible in (True, False)]
    print(f"{operation}: shown {seen[0]}, switched off {seen[1]}")
    assert seen == [shown, hidden], operation

half = drawn("svg:plus", True, (200, 100, 50, 127), (200, 100, 50, 128), 8)[0]
print("svg:plus of alpha 128 and 127:", half)
assert abs(half[3] - 191) <= 1
PYTHON
