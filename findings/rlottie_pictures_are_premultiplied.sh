#!/usr/bin/env bash
# rlottie-python hands out colour multiplied by alpha as if it were straight: rlottie draws into premultiplied memory, and
# render_pillow_frame and save_frame put those bytes into an "RGBA" picture and a PNG, which mean straight colour. A fill of
# (200, 100, 50) in a layer of 50 % is (98, 49, 24) at alpha 125 in the PNG; a title laid over a cut-out gets dark antialiased
# edges and a dark fade. Divided by alpha the colour is right. Seen with rlottie-python 1.3.8, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check rlottie-python==1.3.8 pillow==12.3.0
env/bin/python - <<'PYTHON'
import importlib.metadata
import json

from PIL import Image
from rlottie_python import LottieAnimation

print("rlottie-python", importlib.metadata.version("rlottie-python"))
COLOUR = (200, 100, 50)


def still(value):
    return {"a": 0, "k": value}


def square(opacity_percent):
    """An animation of one square that fills the picture."""
    place = {"a": still([0, 0]), "p": still([0, 0]), "s": still([100, 100]), "r": still(0), "o": still(100)}
    shapes = [
        {"ty": "rc", "d": 1, "p": still([0, 0]), "s": still([32, 32]), "r": still(0)},
        {"ty": "fl", "c": still([value / 255 for value in (*COLOUR, 255)]), "o": still(100)},
        {"ty": "tr", **place},
    ]
    where = {**place, "p": still([16, 16, 0]), "a": still([0, 0, 0]), "o": still(opacity_percent)}
    layer = {"ty": 4, "ind": 1, "ip": 0, "op": 30, "st": 0, "ks": where, "shapes": [{"ty": "gr", "it": shapes}]}
    return json.dumps({"v": "5.5.7", "fr": 30, "ip": 0, "op": 30, "w": 32, "h": 32, "assets": [], "layers": [layer]})


for opacity_percent in (100, 50, 20):
    animation = LottieAnimation.from_data(square(opacity_percent))
    animation.save_frame("frame.png", 0)
    drawn = animation.render_pillow_frame(0)
    *colour, alpha = Image.open("frame.png").getpixel((16, 16))
    divided = [round(value * 255 / alpha) for value in colour]
    print(f"layer of {opacity_percent} %: {drawn.mode} {(*colour, alpha)}, divided by alpha {divided}")
    assert drawn.mode == "RGBA" and drawn.getpixel((16, 16)) == (*colour, alpha)
    for value, right in zip(colour, COLOUR):
        assert abs(value - right * alpha / 255) <= 2, (value, right)
PYTHON
