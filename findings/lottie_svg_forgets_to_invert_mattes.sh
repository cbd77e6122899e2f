#!/usr/bin/env bash
# The lottie package for Python, with which Lottie animations are made and turned into SVG, PNG and video, writes an inverted track matte
# as one that is not inverted: what the matte should cut out is the only thing that stays. "Alpha inverted" (tt 2) is an SVG mask of alpha,
# as "alpha" (tt 1) is; "luma inverted" (tt 4) is a mask of alpha too, not of luma: a black and white matte, opaque everywhere, hides
# nothing. Only "alpha" and "luma" come out right. The animation's own JSON keeps the mode, so that players show it rightly and the
# exported picture is another. No message. The PNG exporter goes through the same SVG. Seen with lottie 0.7.2, CairoSVG 2.9.0 for the
# picture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check lottie==0.7.2 pillow==12.3.0 CairoSVG==2.9.0
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import io
import re
import xml.etree.ElementTree as ElementTree

import cairosvg
import lottie
from lottie import objects
from lottie.exporters.svg import to_svg
from PIL import Image

print("lottie", importlib.metadata.version("lottie"))


def rectangle(left, width, colour):
    """Make a layer of one rectangle as high as the picture."""
    layer = objects.ShapeLayer()
    shape = layer.add_shape(objects.Rect())
    shape.position.value = lottie.NVector(left + width / 2, 8)
    shape.size.value = lottie.NVector(width, 16)
    layer.add_shape(objects.Fill(lottie.Color(*colour)))
    return layer


for mode, left_expected, right_expected, left_seen, right_seen, kind in (
    (objects.MatteMode.Alpha, 255, 0, 255, 0, "alpha"),
    (objects.MatteMode.InvertedAlpha, 0, 255, 255, 0, "alpha"),
    (objects.MatteMode.Luma, 255, 0, None, None, "luminance"),
    (objects.MatteMode.InvertedLuma, 0, 255, 255, 0, "alpha"),
):
    animation = objects.Animation(10, 25)
    animation.width = animation.height = 16
    matte, picture = rectangle(0, 8, (1, 1, 1)), rectangle(0, 16, (1, 0, 0))
    matte.matte_target, picture.matte_mode = 1, mode
    animation.add_layer(matte)
    animation.add_layer(picture)
    assert [layer.get("tt") for layer in animation.to_dict()["layers"]] == [None, mode.value]
    drawing = ElementTree.tostring(to_svg(animation, 0, False).getroot()).decode()
    kinds = re.findall('mask-type="([a-z]+)"', drawing)
    seen = Image.open(io.BytesIO(cairosvg.svg2png(drawing.encode()))).convert("RGBA")
    alpha = seen.getpixel((3, 8))[3], seen.getpixel((12, 8))[3]
    print(f"{mode.name} (tt {mode.value}): mask of {kinds}; alpha under the matte {alpha[0]}, beside it {alpha[1]}, expected {left_expected} and {right_expected}")
    assert kinds == [kind] and "filter" not in drawing
    assert left_seen is None or alpha == (left_seen, right_seen)
PYTHON
