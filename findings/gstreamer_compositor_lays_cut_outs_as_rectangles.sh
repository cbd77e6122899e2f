#!/usr/bin/env bash
# GStreamer's compositor lays nothing over anything when its output has a fixed format without alpha: every layer is converted to that
# format first, its own alpha is dropped there, and the uppermost cut-out is a full rectangle with its hidden colour, in I420, NV12, YUY2,
# RGB and xRGB. Into an encoder that takes no alpha it does not link ("not-negotiated"), and the near way around that,
# "compositor ! video/x-raw,format=I420 ! encoder", makes the pipeline run and the plate vanish. A videoconvert between the compositor
# and the format is what is needed; a layer's property alpha is heeded without it too, so that fades look right. No message. Seen with GStreamer 1.22.0 (Debian's 1.22.0-3+deb12u7 of the base plugins; other
# versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base=1.22.0-3+deb12u7 > apt.log 2>&1 ||
  { echo "Debian's GStreamer 1.22.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
library="usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/root/$library" PATH="$folder/root/usr/bin:$PATH"
export GST_PLUGIN_SYSTEM_PATH="$folder/root/$library/gstreamer-1.0:/$library/gstreamer-1.0"
export GST_REGISTRY="$folder/registry" GST_REGISTRY_FORK=no
"${PYTHON:-python3}" - <<'PYTHON'
import subprocess

version = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[1])
SIDE = 48
LEVELS = (0, 128, 255)
PLATE, CUT_OUT = (0, 0, 255), (200, 100, 50)


def laid_over(output, properties=""):
    """The three pixels of the middle row, RGB: a cut-out of three levels of alpha over an opaque plate."""
    with open("0.rgba", "wb") as file:
        file.write(bytes((*PLATE, 255)) * SIDE * SIDE)
    with open("1.rgba", "wb") as file:
        file.write(b"".join(bytes((*CUT_OUT, LEVELS[column // 16])) for column in range(SIDE)) * SIDE)
    layers = [
        f"filesrc location={layer}.rgba blocksize={SIDE * SIDE * 4} ! rawvideoparse format=rgba width={SIDE} height={SIDE} ! both.sink_{layer}"
        for layer in (0, 1)
    ]
    steps = f"compositor name=both {properties} ! {output} ! videoconvert ! video/x-raw,format=RGB ! filesink location=seen.rgb"
    done = subprocess.run(["gst-launch-1.0", "-q", *steps.split(), *" ".join(layers).split()], check=True, capture_output=True)
    assert not done.stderr, done.stderr
    with open("seen.rgb", "rb") as file:
        pixels = file.read()
    return [tuple(pixels[(24 * SIDE + column) * 3 :][:3]) for column in (8, 24, 40)]


def near(seen, expected):
    return all(abs(a - b) <= 8 for pixel, wanted in zip(seen, expected, strict=True) for a, b in zip(pixel, wanted, strict=True))


blended = [PLATE, (100, 50, 152), CUT_OUT]
for layout in ("I420", "NV12", "YUY2", "RGB", "xRGB"):
    seen = laid_over(f"video/x-raw,format={layout}")
    through = laid_over(f"videoconvert ! video/x-raw,format={layout}")
    faded = laid_over(f"video/x-raw,format={layout}", "sink_1::alpha=0.5")
    print(f"{layout}: {seen}; by videoconvert {through}; property alpha 0.5 {faded}")
    assert near(seen, [CUT_OUT] * 3)
    assert near(through, blended)
    assert near(faded, [(100, 50, 152)] * 3)
seen = laid_over("video/x-raw,format=RGBA")
print("RGBA:", seen)
assert near(seen, blended)
PYTHON
