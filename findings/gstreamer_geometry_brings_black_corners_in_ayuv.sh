#!/usr/bin/env bash
# GStreamer's geometric effects (rotate, circle and their kin) fill what their picture leaves free in two ways: with alpha 0 in RGBA, BGRA and
# ARGB, with opaque black in AYUV, which is the first format of the alpha element, the keyer, and so what a pipeline of keyer and effect
# settles on unless something behind asks for RGBA. A subject that was keyed and is turned then has a black triangle in each corner of its
# frame, laid over the plate as if it belonged to it. Alpha inside the picture is right in all formats, and RGBx and xRGB, which have no
# alpha, get 0 in their unused byte. off-edge-pixels=ignore, the default, is "Ignore" in the documentation; clamp and wrap fill with the
# picture. No message. Seen with GStreamer 1.22.0 (Debian's 1.22.0-4+deb12u8 of the bad plugins; other versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base=1.22.0-3+deb12u7 gstreamer1.0-plugins-good=1.22.0-5+deb12u4 \
  gstreamer1.0-plugins-bad=1.22.0-4+deb12u8 > apt.log 2>&1 ||
  { echo "Debian's GStreamer 1.22.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
library="usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/root/$library" PATH="$folder/root/usr/bin:$PATH"
export GST_PLUGIN_SYSTEM_PATH="$folder/root/$library/gstreamer-1.0:/$library/gstreamer-1.0"
export GST_REGISTRY="$folder/registry" GST_REGISTRY_FORK=no
"${PYTHON:-python3}" - <<'PYTHON'
import re
import subprocess
from pathlib import Path

WIDTH, HEIGHT = 64, 48
version = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[1])


def turned(name, alpha, effect):
    """The upper left and the middle pixel of a flat clip of one format behind an effect, as bytes of that format."""
    pixel = {
        "RGBA": (200, 100, 50, alpha),
        "RGBx": (200, 100, 50, alpha),
        "BGRA": (50, 100, 200, alpha),
        "ARGB": (alpha, 200, 100, 50),
        "xRGB": (alpha, 200, 100, 50),
        "AYUV": (alpha, 120, 90, 180),
    }[name]
    frame = bytes(pixel) * (WIDTH * HEIGHT)
    Path("in.raw").write_bytes(frame)
    source = f"filesrc location=in.raw blocksize={len(frame)} ! rawvideoparse format={name.lower()} width={WIDTH} height={HEIGHT} framerate=25/1"
    done = subprocess.run(["gst-launch-1.0", "-q", *f"{source} ! {effect} ! filesink location=out.raw".split()], capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    out = Path("out.raw").read_bytes()
    middle = (HEIGHT // 2 * WIDTH + WIDTH // 2) * 4
    assert len(out) == len(frame) and (effect == "circle" or tuple(out[middle : middle + 4]) == pixel)
    return tuple(out[:4])


for effect in ("rotate angle=0.5", "circle"):
    for name in ("RGBA", "BGRA", "ARGB", "RGBx", "xRGB", "AYUV"):
        for alpha in (255, 128):
            corner = turned(name, alpha, effect)
            print(f"{effect}, a clip of alpha {alpha} in {name}: the corner is {corner}")
            assert corner == ((255, 16, 128, 128) if name == "AYUV" else (0, 0, 0, 0))
assert turned("AYUV", 128, "rotate angle=0.5 off-edge-pixels=clamp")[0] == 128
for behind, expected in (("fakesink", "AYUV"), ("videoconvert ! video/x-raw,format=RGBA ! fakesink", "RGBA")):
    command = f"gst-launch-1.0 -v videotestsrc num-buffers=1 ! alpha method=green ! rotate angle=0.5 ! {behind}"
    told = subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout
    found = re.search(r"GstRotate:\S+: caps = .*format=\(string\)(\w+)", told).group(1)
    print(f"keyer and rotate before {behind}: {found}")
    assert found == expected
PYTHON
