#!/usr/bin/env bash
# GStreamer's videoconvert makes a picture darker each time it turns 8-bit video into RGB: white of a limited-range clip, luma 235, is 253 in
# RGB, RGBA and BGRA, and most levels are one to three too low, none too high, whatever the format (I420, NV12, YUY2, Y444, AYUV). From
# RGB to video it rounds down as well, so that the way there and back takes 128 to 126, 64 to 62 and 16 to 13, and after ten
# of them white is 227: a matte that is kept as video is nowhere opaque in a comp that takes its red channel for alpha, and a pipeline
# of several effects, some of which want RGB and some YUV, fades as it gets longer. FFmpeg gives 255 for 235. Its properties dither,
# chroma-mode and matrix-mode=full change nothing; 10-bit and 16-bit formats (AYUV64) are right. No message. Seen with GStreamer
# 1.22.0 (Debian's 1.22.0-3+deb12u7 of the base plugins; other versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base=1.22.0-3+deb12u7 gstreamer1.0-plugins-bad=1.22.0-4+deb12u8 > apt.log 2>&1 ||
  { echo "Debian's GStreamer 1.22.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
library="usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/root/$library" PATH="$folder/root/usr/bin:$PATH"
export GST_PLUGIN_SYSTEM_PATH="$folder/root/$library/gstreamer-1.0:/$library/gstreamer-1.0"
export GST_REGISTRY="$folder/registry" GST_REGISTRY_FORK=no
"${PYTHON:-python3}" - <<'PYTHON'
import subprocess
from pathlib import Path

WIDTH, HEIGHT = 256, 16
version = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[1])


def through(data, kind, *formats, options=""):
    """The bytes that come out when a picture of 256 x 16 is converted to these formats one after the other."""
    Path("in.raw").write_bytes(data)
    steps = "".join(f"! videoconvert {options} ! video/x-raw,format={name} " for name in formats)
    source = f"filesrc location=in.raw blocksize={len(data)} ! rawvideoparse format={kind} width={WIDTH} height={HEIGHT} framerate=25/1"
    done = subprocess.run(["gst-launch-1.0", "-q", *f"{source} {steps} ! filesink location=out.raw".split()], capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return Path("out.raw").read_bytes()


# A ramp of luma with neutral chroma, as a decoder hands it out.
luma = bytes(min(max(level, 16), 235) for level in range(WIDTH))
video = luma * HEIGHT + bytes([128]) * (WIDTH * HEIGHT // 2)
for name, step in (("RGB", 3), ("RGBA", 4), ("BGRA", 4)):
    reds = through(video, "i420", name)[: WIDTH * step : step]
    off = [red - round((level - 16) * 255 / 219) for red, level in zip(reds, luma)]
    print(f"I420 to {name}: luma 16, 128, 235 is {reds[16]}, {reds[128]}, {reds[235]}; off by {min(off)} to {max(off)}, {sum(map(bool, off[16:236]))} of 220 levels")
    assert reds[235] == 253 and min(off) == -3 and max(off) == 0 and sum(map(bool, off[16:236])) > 110
grey = b"".join(bytes([level, level, level, 255]) for level in range(WIDTH)) * HEIGHT
for trips, white in ((1, 253), (2, 250), (5, 241), (10, 227)):
    reds = through(grey, "rgba", *["I420", "RGBA"] * trips)[: WIDTH * 4 : 4]
    print(f"{trips} times to I420 and back: 255, 128, 64 is {reds[255]}, {reds[128]}, {reds[64]}")
    assert reds[255] == white and reds[128] <= 128 - 2 * trips
for name, options, white in (
    *((name, "", 253) for name in ("NV12", "YUY2", "UYVY", "Y444", "AYUV")),
    *(("I420", options, 253) for options in ("dither=none", "chroma-mode=none", "matrix-mode=full")),
    *((name, "", 255) for name in ("AYUV64", "A444_10LE")),
):
    red = through(grey, "rgba", name, "RGBA", options=options)[255 * 4]
    print(f"to {name} and back {options}: 255 is {red}")
    assert red == white
PYTHON
