#!/usr/bin/env bash
# ThorVG, the vector engine of dotLottie players, Godot and small screens, loses alpha in SVG. A gradient whose last stop is "transparent"
# stays at alpha 255 from end to end and goes to black, and so is a fill of rgba(200,100,50,0.5) opaque black. mask-type="alpha" is not known:
# Figma's masks count by brightness, black hides all. The region of a mask (its x, y, width and height) is not
# looked at, so that what lies outside it is shown; and under a white mask what is opaque is 254 of 255. multiply
# over a backdrop of half opacity is too dark in what the layers don't share: blue 31 where 118 is right. Filters are left out. load()
# and draw() answer SUCCESS. resvg draws all of them right. Seen with thorvg-python 1.1.3, resvg_py 0.5.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check thorvg-python==1.1.3 resvg-py==0.5.0 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import io
from importlib.metadata import version
from pathlib import Path

import numpy as np
import resvg_py
import thorvg_python as tvg
from PIL import Image

print("thorvg-python", version("thorvg-python"))
engine = tvg.Engine()
engine.init(0)
RECT = '<rect width="40" height="10" fill="#c86432" {}/>'
WHOLE = 'maskUnits="userSpaceOnUse" x="0" y="0" width="40" height="10"'
count = 0


def drawn(name, definitions, body, by_thorvg, wanted):
    """Print both renderers' four pixels, RGBA, and check those that are named."""
    global count
    count += 1
    text = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10" viewBox="0 0 40 10"><defs>{definitions}</defs>{body}</svg>'
    path = Path(f"{count}.svg").absolute()
    path.write_text(text)
    canvas = tvg.SwCanvas(engine)
    canvas.set_target(40, 10, cs=tvg.Colorspace.ABGR8888S)  # straight, as Pillow has it
    picture = tvg.Picture(engine)
    assert picture.load(str(path)) == tvg.Result.SUCCESS
    picture.set_size(40, 10)
    assert [canvas.add(picture), canvas.update(), canvas.draw(True), canvas.sync()] == [tvg.Result.SUCCESS] * 4
    images = np.array(canvas.get_pillow()), np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text)))).convert("RGBA"))
    for renderer, image, expected in zip(("ThorVG", "resvg"), images, (by_thorvg, wanted), strict=True):
        seen = [tuple(int(value) for value in image[5, x]) for x in (5, 15, 25, 35)]
        print(f"{name}, {renderer}: {seen}")
        for pixel, value in zip(seen, expected, strict=True):
            near = pixel if isinstance(value, tuple) else pixel[3]
            assert np.abs(np.subtract(near, value)).max() <= (0 if value in (254, 255) else 2), expected


opaque, half = [255] * 4, [128] * 4
stops = '<linearGradient id="g"><stop offset="0" stop-color="#c86432"/><stop offset="1" {}/></linearGradient>'
fading, by_gradient = [220, 156, 92, 29], '<rect width="40" height="10" fill="url(#g)"/>'
drawn("to transparent", stops.format('stop-color="transparent"'), by_gradient, opaque, fading)
drawn("to stop-opacity 0", stops.format('stop-color="#c86432" stop-opacity="0"'), by_gradient, fading, fading)
drawn("rgba()", "", '<rect width="40" height="10" fill="rgba(200,100,50,0.5)"/>', [(0, 0, 0, 255)] * 4, half)
drawn("fill-opacity", "", RECT.format('fill-opacity="0.5"'), half, half)
levels = "".join(f'<rect x="{10 * place}" width="10" height="10" fill="{level}"/>' for place, level in enumerate(("black", "#808080", "white")))
drawn("luminance mask", f'<mask id="m" {WHOLE}>{levels}</mask>', RECT.format('mask="url(#m)"'), [0, 128, 254, 0], [0, 128, 255, 0])
drawn("alpha mask", f'<mask id="m" mask-type="alpha" {WHOLE}>{levels}</mask>', RECT.format('mask="url(#m)"'), [0, 128, 254, 0], [255, 255, 255, 0])
region = '<mask id="m" x="0" y="0" width="0.5" height="1"><rect width="40" height="10" fill="white"/></mask>'
drawn("mask of the left half", region, RECT.format('mask="url(#m)"'), [254] * 4, [255, 255, 0, 0])
lower, upper = '<rect width="20" height="10" fill="#0000ff" fill-opacity="0.5"/>', 'fill-opacity="0.5" style="mix-blend-mode:multiply"'
right = (66, 33, 118, 192)
drawn("multiply", "", lower + RECT.format(upper), [(66, 33, 31, 192)] * 2 + half[:2], [right] * 2 + half[:2])
fade = '<filter id="f" x="0" y="0" width="1" height="1"><feColorMatrix values="1 0 0 0 0 0 1 0 0 0 0 0 1 0 0 0 0 0 0.5 0"/></filter>'
drawn("filter", fade, RECT.format('filter="url(#f)"'), opaque, half)
PYTHON
