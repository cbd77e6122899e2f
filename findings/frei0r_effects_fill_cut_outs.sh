#!/usr/bin/env bash
# Effects of frei0r, the plugins of MLT (Kdenlive, Shotcut), FFmpeg and live video programs, disagree about a cut-out's alpha, and say nothing
# of it in their descriptions. bluescreen0r, the keyer, writes alpha instead of lowering it, and twolay0r, threelay0r and cairoimagegrid write 255: a
# wholly empty picture is opaque after each of them, hidden colour and all, where most of their neighbours (bw0r, saturat0r,
# invert0r, vignette, softglow) leave alpha as it is. scanline0r halves every second line, alpha with it, so that the plate shines
# through an opaque subject in stripes that are dark besides. glow adds alpha to alpha, 128 becomes 192 and 240 after a second time, in a
# flat picture too, and hair gets harder at each pass. Opaque pictures hide all but the stripes. Seen with frei0r-plugins 1.8.0 (Debian's 1.8.0-1+b1; other
# versions are not looked at), called as a video program does, with the parameters that the plugins start with.
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

SIZE = 64


class Information(ctypes.Structure):
    """f0r_plugin_info of frei0r.h."""

    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("name", "author")),
        *((name, ctypes.c_int) for name in ("type", "colour", "frei0r", "major", "minor", "parameters")),
        ("explanation", ctypes.c_char_p),
    ]


def filtered(name, alpha, times=1):
    """The levels of alpha in two rows of a flat picture, even and odd, after an effect."""
    library = ctypes.CDLL(f"root/usr/lib/frei0r-1/{name}.so")
    library.f0r_construct.restype = ctypes.c_void_p
    library.f0r_construct.argtypes = [ctypes.c_uint, ctypes.c_uint]
    library.f0r_update.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p]
    library.f0r_update.restype = None
    library.f0r_init()
    information = Information()
    library.f0r_get_plugin_info(ctypes.byref(information))
    assert information.type == 0 and information.colour in (0, 1), "no filter of pictures with alpha"
    picture = bytes((200, 100, 50, alpha)) * SIZE * SIZE
    for _ in range(times):
        given, out = (ctypes.create_string_buffer(data, len(picture)) for data in (picture, bytes(len(picture))))
        instance = library.f0r_construct(SIZE, SIZE)
        library.f0r_update(instance, 0.0, given, out)
        picture = out.raw
    rows = [picture[row * SIZE * 4 :][3 : SIZE * 4 : 4] for row in (20, 21)]
    assert all(min(row) == max(row) for row in rows)
    return tuple(row[0] for row in rows)


print("frei0r-plugins 1.8.0-1+b1")
for name in ("bw0r", "saturat0r", "invert0r", "vignette", "softglow", "colorize"):
    for alpha in (0, 128, 255):
        assert filtered(name, alpha) == (alpha, alpha), name
    print(f"{name}: alpha kept")
for name in ("bluescreen0r", "twolay0r", "threelay0r", "cairoimagegrid"):
    seen = [filtered(name, alpha) for alpha in (0, 128, 255)]
    print(f"{name}: alpha 0, 128, 255 is {[row for row, _ in seen]}")
    assert seen == [(255, 255)] * 3
seen = filtered("scanline0r", 255), filtered("scanline0r", 128)
print("scanline0r: two rows of an opaque and of a half transparent picture", seen)
assert seen == ((255, 127), (128, 64))
seen = [filtered("glow", alpha, times)[0] for alpha, times in ((0, 1), (64, 1), (128, 1), (128, 2), (255, 1))]
print("glow: alpha 0, 64, 128, 128 twice and 255 is", seen)
assert seen == [0, 112, 192, 240, 255]
PYTHON
