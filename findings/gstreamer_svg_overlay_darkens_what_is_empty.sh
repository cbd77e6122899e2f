#!/usr/bin/env bash
# GStreamer's rsvgoverlay, which lays an SVG (a logo, a title, a lower third) over a clip, draws on a clip with alpha as if its memory held
# colour multiplied by alpha, which it does not: half transparent blue on an empty picture is (0, 0, 128) at alpha 128, half as bright as it was
# drawn, and where the empty picture hides a colour under alpha 0, that colour is mixed in, (100, 50, 153). Antialiased edges get a
# dark or coloured rim, and a title over a cut-out is wrong wherever the cut-out is not opaque. Alpha is right, and over opaque pictures
# colour is too, which hides it. The compositor, with the same picture as a layer, gives (0, 0, 255). No message. Seen with GStreamer
# 1.22.0 (Debian's 1.22.0-4+deb12u8 of the bad plugins), librsvg 2.54.7; other versions are not looked at.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial bad root plugins
{
  apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
    gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base=1.22.0-3+deb12u7 librsvg2-2=2.54.7+dfsg-1~deb12u2
  cd bad
  apt-get download --quiet=2 gstreamer1.0-plugins-bad=1.22.0-4+deb12u8
  cd ..
} > apt.log 2>&1 || { echo "Debian's GStreamer 1.22.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
dpkg -x bad/*.deb bad
library="usr/lib/$(uname -m)-linux-gnu"
cp "bad/$library/gstreamer-1.0/libgstrsvg.so" plugins/  # this one alone: others need libraries that are not there
export LD_LIBRARY_PATH="$folder/root/$library" PATH="$folder/root/usr/bin:$PATH"
export GST_PLUGIN_SYSTEM_PATH="$folder/plugins:$folder/root/$library/gstreamer-1.0:/$library/gstreamer-1.0"
export GST_REGISTRY="$folder/registry" GST_REGISTRY_FORK=no
"${PYTHON:-python3}" - <<'PYTHON'
import subprocess

version = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[1])
SIDE = 32
with open("blue.svg", "w") as file:
    size = f'width="{SIDE}" height="{SIDE}"'
    file.write(f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect {size} fill="#0000ff" fill-opacity="0.5"/></svg>')
with open("blue.rgba", "wb") as file:
    file.write(bytes((0, 0, 255, 128)) * SIDE * SIDE)


def source(name):
    raw = f"rawvideoparse format=rgba width={SIDE} height={SIDE} framerate=25/1"
    return f"filesrc location={name}.rgba blocksize={4 * SIDE * SIDE} ! {raw}"


def pixel(pipeline):
    done = subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], check=True, capture_output=True)
    assert not done.stderr, done.stderr
    with open("seen.rgba", "rb") as file:
        return tuple(file.read()[4 * (SIDE // 2 * SIDE + SIDE // 2) :][:4])


OUTPUT = "videoconvert ! video/x-raw,format=RGBA ! filesink location=seen.rgba"
for under, drawn, right in (
    ((0, 0, 0, 0), (0, 0, 128, 128), (0, 0, 255, 128)),
    ((200, 100, 50, 0), (100, 50, 153, 128), (0, 0, 255, 128)),
    ((200, 100, 50, 64), (100, 50, 153, 160), (40, 20, 214, 160)),
    ((200, 100, 50, 255), (100, 50, 153, 255), (100, 50, 153, 255)),
):
    with open("under.rgba", "wb") as file:
        file.write(bytes(under) * SIDE * SIDE)
    overlay = pixel(f"{source('under')} ! videoconvert ! rsvgoverlay location=blue.svg ! {OUTPUT}")
    layers = f"{source('under')} ! both.sink_0 {source('blue')} ! both.sink_1"
    composited = pixel(f"compositor name=both background=transparent ! video/x-raw,format=RGBA ! {OUTPUT} {layers}")
    print(f"half transparent blue over {under}: rsvgoverlay {overlay}, compositor {composited}")
    for seen, expected in ((overlay, drawn), (composited, right)):
        assert all(abs(a - b) <= 2 for a, b in zip(seen, expected, strict=True)), expected
PYTHON
