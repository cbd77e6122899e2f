#!/usr/bin/env bash
# GStreamer's videobox, which crops and pads, takes a level of alpha off the whole picture in each pass, a plain crop included: opaque
# 255 becomes 254, 128 becomes 127, and after six passes opaque is 249. Its property alpha is 1.0, "alpha value picture", and the
# product is cut instead of rounded. A cut-out is nowhere opaque afterwards, the comp shines through, and a test for 255 finds no
# subject. It does nothing where nothing is cropped, so that a test without a border passes; videocrop keeps alpha. Seen with
# GStreamer 1.22.0 (Debian's 1.22.0-5+deb12u4 of the good plugins; other versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base gstreamer1.0-plugins-good=1.22.0-5+deb12u4 > apt.log 2>&1 ||
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
pixels = [(200, 100, 50, 255), (200, 100, 50, 128), (200, 100, 50, 0)]
with open("given.rgba", "wb") as file:
    file.write(b"".join(bytes(pixels[min(column // 8, 2)]) for _ in range(24) for column in range(24)))
GIVEN = "filesrc location=given.rgba blocksize=2304 ! rawvideoparse format=rgba width=24 height=24 framerate=1/1"
PASS = "videobox top=2 ! videobox top=-2"


def alphas(elements):
    """The three alphas of the middle row after some elements, colour checked."""
    pipeline = f"{GIVEN} ! {elements} ! filesink location=seen.rgba"
    subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], check=True, capture_output=True)
    with open("seen.rgba", "rb") as file:
        seen = file.read()
    row = [tuple(seen[(12 * 24 + column) * 4 :][:4]) for column in (2, 10, 20)]
    assert all(pixel[:3] == (200, 100, 50) for pixel in row), row
    return [pixel[3] for pixel in row]


for elements, expected in (
    ("videobox", [255, 128, 0]),
    ("videocrop top=2", [255, 128, 0]),
    ("videobox top=2", [254, 127, 0]),
    ("videobox top=-2", [254, 127, 0]),
    (f"{PASS} ! {PASS} ! {PASS}", [249, 122, 0]),
):
    seen = alphas(elements)
    print(f"{elements}: alpha 255, 128, 0 becomes {seen}")
    assert seen == expected, seen
PYTHON
