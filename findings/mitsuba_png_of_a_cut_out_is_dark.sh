#!/usr/bin/env bash
# Mitsuba renders a subject on nothing with alpha, in colour multiplied by it, and its PNG doesn't hold that. mitsuba.util.write_bitmap writes
# "name.png" without alpha at all, the subject over black. Converted by hand to 8-bit RGBA and written, alpha is there and the colour
# is the multiplied one, put through sRGB's curve on top: what should be (184, 134, 80) at alpha 128 is (135, 97, 56), and everything that
# reads a PNG takes it as straight, so that glass, hair and edges are dark. Its own Bitmap says premultiplied_alpha() True before,
# and False of the same file when it is read again. alpha_transform=Unpremultiply in convert cures it. No message.
# Seen with mitsuba 3.9.1, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check mitsuba==3.9.1 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import mitsuba
import numpy as np
from PIL import Image

mitsuba.set_variant("scalar_rgb")
print("mitsuba", mitsuba.__version__)
# A half transparent matte card, seen from above, lit by a white sky that is not in the picture.
look = mitsuba.ScalarTransform4f().look_at(origin=[0, 0, 5], target=[0, 0, 0], up=[0, 1, 0])
card = {"type": "diffuse", "reflectance": {"type": "rgb", "value": [0.6, 0.3, 0.1]}}
scene = mitsuba.load_dict(
    {
        "type": "scene",
        "integrator": {"type": "path", "hide_emitters": True},
        "sensor": {
            "type": "orthographic",
            "to_world": look,
            "film": {"type": "hdrfilm", "width": 32, "height": 32, "pixel_format": "rgba", "rfilter": {"type": "box"}},
        },
        "card": {
            "type": "rectangle",
            "to_world": mitsuba.ScalarTransform4f().scale([0.5, 0.5, 1]),
            "bsdf": {"type": "mask", "opacity": 0.5, "inner": card},
        },
        "sky": {"type": "constant", "radiance": 1.0},
    }
)
rendered = mitsuba.render(scene, spp=256)
inside = np.array(rendered)[12:20, 12:20].reshape(-1, 4).mean(0)
alpha = float(inside[3])


def curve(light):
    return 255 * (1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


straight, multiplied = curve(inside[:3] / alpha), curve(inside[:3])
print(f"rendered: {np.round(inside, 3).tolist()}; straight {np.round(straight).tolist()}, multiplied {np.round(multiplied).tolist()}")
assert 0.4 < alpha < 0.6 and (straight - multiplied).min() > 15


def levels(name):
    """The card's mean colour in a file, and its alpha where it has one."""
    picture = Image.open(name)
    return picture.mode, np.array(picture)[12:20, 12:20].reshape(-1, len(picture.mode)).mean(0)


mitsuba.util.write_bitmap("plain.png", rendered, write_async=False)
bitmap = mitsuba.Bitmap(rendered)
assert bitmap.premultiplied_alpha()
target = (mitsuba.Bitmap.PixelFormat.RGBA, mitsuba.Struct.Type.UInt8)
bitmap.convert(*target, srgb_gamma=True).write("converted.png")
unpremultiply = mitsuba.Bitmap.AlphaTransform.Unpremultiply
bitmap.convert(*target, srgb_gamma=True, alpha_transform=unpremultiply).write("divided.png")
for name, mode, expected in (("plain.png", "RGB", multiplied), ("converted.png", "RGBA", multiplied), ("divided.png", "RGBA", straight)):
    seen_mode, seen = levels(name)
    print(f"{name}: {seen_mode}, {np.round(seen).tolist()}")
    assert seen_mode == mode and np.abs(seen[:3] - expected).max() < 6
    if mode == "RGBA":
        assert abs(seen[3] - 255 * alpha) < 3
assert not mitsuba.Bitmap("converted.png").premultiplied_alpha()
PYTHON
