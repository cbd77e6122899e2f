#!/usr/bin/env bash
# GStreamer's videoconvert takes the unused byte of RGBx, BGRx, xRGB and xBGR for alpha when it converts to a format that has alpha, where
# the formats' documentation calls it "space". A screen grab or an effect that leaves 0 there is a clip without alpha and becomes wholly
# transparent in RGBA, BGRA or AYUV, and whatever else lies there becomes a matte: the comp shows nothing or noise. The property
# alpha-mode=set, "set alpha" to alpha-value, 1.0, changes nothing. Through 24-bit RGB in between, which has no such byte, everything
# is opaque, as FFmpeg makes it of the same bytes. No message, and a source that fills the byte with 255 hides it.
# Seen with GStreamer 1.22.0 (Debian's 1.22.0-3+deb12u7 of the base plugins; other versions are not looked at), FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base=1.22.0-3+deb12u7 > apt.log 2>&1 ||
  { echo "Debian's GStreamer 1.22.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
library="usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/root/$library" PATH="$folder/root/usr/bin:$PATH"
export GST_PLUGIN_SYSTEM_PATH="$folder/root/$library/gstreamer-1.0:/$library/gstreamer-1.0"
export GST_REGISTRY="$folder/registry" GST_REGISTRY_FORK=no
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg

version = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[1])
SIDE = 48
UNUSED = (255, 128, 0)


def seen_by_gstreamer(layout, elements, target):
    """The three pixels of the middle row, RGBA."""
    raw = f"rawvideoparse format={layout.lower()} width={SIDE} height={SIDE} framerate=1/1"
    steps = f"{elements} ! video/x-raw,format={target} ! videoconvert ! video/x-raw,format=RGBA"
    pipeline = f"filesrc location=given.raw blocksize={SIDE * SIDE * 4} ! {raw} ! {steps} ! filesink location=seen.rgba"
    done = subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], check=True, capture_output=True)
    assert not done.stderr, done.stderr
    with open("seen.rgba", "rb") as file:
        return picked(file.read())


def picked(pixels):
    return [tuple(pixels[(24 * SIDE + column) * 4 :][:4]) for column in (8, 24, 40)]


for layout, alike in (("RGBx", "rgb0"), ("BGRx", "bgr0"), ("xRGB", "0rgb"), ("xBGR", "0bgr")):
    levels = [{"R": 200, "G": 100, "B": 50, "x": unused} for unused in UNUSED]
    row = b"".join(bytes(levels[column // 16][name] for name in layout) for column in range(SIDE))
    with open("given.raw", "wb") as file:
        file.write(row * SIDE)
    raw = ["-f", "rawvideo", "-pix_fmt", alike, "-s", f"{SIDE}x{SIDE}", "-i", "given.raw"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw, "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    opaque = picked(subprocess.run(command, capture_output=True, check=True).stdout)
    assert opaque == [(200, 100, 50, 255)] * 3
    for elements, target in (
        ("videoconvert", "RGBA"),
        ("videoconvert", "BGRA"),
        ("videoconvert", "AYUV"),
        ("videoconvert alpha-mode=set alpha-value=1.0", "RGBA"),
    ):
        seen = seen_by_gstreamer(layout, elements, target)
        print(f"{layout}, {elements}, {target}: {seen}; FFmpeg {opaque[0]}")
        assert [pixel[3] for pixel in seen] == list(UNUSED)
    through = seen_by_gstreamer(layout, "videoconvert ! video/x-raw,format=RGB ! videoconvert", "RGBA")
    print(f"{layout} through RGB: {through}")
    assert through == opaque
PYTHON
