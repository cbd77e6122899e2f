#!/usr/bin/env bash
# GStreamer's formats of 10 bits with an alpha of two bits, RGB10A2_LE, BGR10A2_LE and Y410, are never opaque when they are read: the
# largest of the four levels becomes 192 of 255 (49200 of 65535), not the whole, since the two bits are shifted up instead of spread. An
# opaque picture, a clip without alpha too, that passes through one of them (10-bit screens, HDR and graphics drivers ask for them) comes
# back with three quarters of its opacity, everything under it shines through, and a comp in such a format by the compositor is no more
# opaque. Colour is right and there is no message. ARGB64, GBRA_10LE, Y412_LE and A444_10LE keep opaque. Seen with GStreamer 1.22.0
# (Debian's 1.22.0-3+deb12u7 of the base plugins; other versions are not looked at).
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


def through(layout, given="rgba", channels=4):
    """What becomes of an opaque flat picture, RGBA and RGBA of 16 bits."""
    with open("given.raw", "wb") as file:
        file.write(bytes((200, 100, 50, 255)[:channels]) * SIDE * SIDE)
    raw = f"rawvideoparse format={given} width={SIDE} height={SIDE}"
    answer = []
    for target in ("RGBA", "RGBA64_LE"):
        steps = f"{raw} ! videoconvert ! video/x-raw,format={layout} ! videoconvert ! video/x-raw,format={target} ! filesink location=seen"
        command = ["gst-launch-1.0", "-q", "filesrc", "location=given.raw", f"blocksize={SIDE * SIDE * channels}", "!", *steps.split()]
        done = subprocess.run(command, check=True, capture_output=True)
        assert not done.stderr, done.stderr
        with open("seen", "rb") as file:
            pixels = file.read()
        size = 1 if target == "RGBA" else 2
        answer.append([int.from_bytes(pixels[place : place + size], "little") for place in range(0, 4 * size, size)])
    return answer


for layout in ("RGB10A2_LE", "BGR10A2_LE", "Y410", "ARGB64", "GBRA_10LE", "Y412_LE", "A444_10LE"):
    cut_out, opaque = through(layout), through(layout, "rgb", 3)
    print(f"{layout}: {cut_out}; of a picture without alpha {opaque}")
    expected = (192, 49200) if "10A2" in layout or layout == "Y410" else (255, 65535)
    for seen in (cut_out, opaque):
        assert all(abs(a - b) <= 3 for a, b in zip(seen[0][:3], (200, 100, 50), strict=True))
        assert (seen[0][3], seen[1][3]) == expected
PYTHON
