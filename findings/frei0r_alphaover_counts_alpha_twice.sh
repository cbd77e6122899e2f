#!/usr/bin/env bash
# frei0r's alphaover, the mixer of MLT, GStreamer and live video programs that is meant to lay one picture with alpha over another, weighs
# alpha by itself as if it were a fourth colour. (200, 100, 50) at alpha 128 under an empty picture, which should stay as it is, becomes (255, 199, 99)
# at alpha 64, and an opaque picture below one of alpha 128 is opaque no more: 191. Soft edges glow and let the background
# through, also where everything below is solid. Its neighbours alphaatop and alphain follow Porter and Duff's formulas,
# and cairoblend lays over rightly. composition, another one that lays over, has alpha right and mixes in the colour that is
# hidden under alpha 0. An opaque upper picture hides all of it. No message. Seen with frei0r-plugins 1.8.0 (Debian's 1.8.0-1+b1;
# other versions are not looked at), called as a video program does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  frei0r-plugins=1.8.0-1+b1 > apt.log 2>&1 || { echo "Debian's frei0r-plugins 1.8.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/$(uname -m)-linux-gnu"
"${PYTHON:-python3}" - <<'PYTHON'
import ctypes

SIZE = 16


class Information(ctypes.Structure):
    """f0r_plugin_info of frei0r.h."""

    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("name", "author")),
        *((name, ctypes.c_int) for name in ("type", "colour", "frei0r", "major", "minor", "parameters")),
        ("explanation", ctypes.c_char_p),
    ]


def mixed(name, above, below):
    """A pixel of one flat RGBA picture over another one."""
    library = ctypes.CDLL(f"root/usr/lib/frei0r-1/{name}.so")
    library.f0r_construct.restype = ctypes.c_void_p
    library.f0r_construct.argtypes = [ctypes.c_uint, ctypes.c_uint]
    library.f0r_update2.argtypes = [ctypes.c_void_p, ctypes.c_double, *[ctypes.c_void_p] * 4]
    library.f0r_update2.restype = None
    library.f0r_init()
    information = Information()
    library.f0r_get_plugin_info(ctypes.byref(information))
    assert information.type == 2 and information.colour == 1, "no mixer of RGBA pictures"
    # These three take the picture that lies above as their first input; the others, made for MLT's tracks, as their second.
    first, second = (above, below) if name in ("alphaover", "alphaatop", "alphain") else (below, above)
    pictures = [ctypes.create_string_buffer(bytes(pixel) * SIZE * SIZE, 4 * SIZE * SIZE) for pixel in (first, second, (0, 0, 0, 0))]
    one, two, out = pictures
    library.f0r_update2(library.f0r_construct(SIZE, SIZE), 0.0, one, two, None, out)
    return tuple(out.raw[4 * (SIZE * 8 + 8) :][:4])


ORANGE, BLUE, EMPTY = (200, 100, 50), (50, 100, 200), (50, 100, 200, 0)
print("frei0r-plugins 1.8.0-1+b1")
for name, above, below, expected in (
    ("alphaover", (*ORANGE, 255), (*BLUE, 255), (200, 100, 50, 255)),
    ("alphaover", EMPTY, (*ORANGE, 128), (255, 199, 99, 64)),
    ("alphaover", (*BLUE, 128), (*ORANGE, 255), (166, 133, 167, 191)),
    ("cairoblend", EMPTY, (*ORANGE, 128), (200, 100, 50, 128)),
    ("cairoblend", (*BLUE, 128), (*ORANGE, 255), (125, 100, 125, 255)),
    ("composition", (*ORANGE, 128), EMPTY, (124, 100, 125, 128)),
    ("alphaatop", (*ORANGE, 128), (*BLUE, 255), (125, 100, 125, 255)),
    ("alphain", (*ORANGE, 128), (*BLUE, 128), (200, 100, 50, 64)),
):
    seen = mixed(name, above, below)
    print(f"{name} of {above} over {below}: {seen}")
    assert all(abs(level - right) <= 1 for level, right in zip(seen, expected)), expected
PYTHON
