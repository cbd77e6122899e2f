#!/usr/bin/env bash
# GStreamer's compositor has an operator "add" for a layer, with which GStreamer Editing Services fade from one clip to the next. It adds
# alpha alone, lets it run over, and mixes colour as "over" does: of half transparent on half transparent nothing is left (0 of 255), and
# opaque on half transparent is 127. A fade between two clips that have soft edges of their own, or a second layer of hair, has holes
# where it should be most opaque. And a fade of two opaque clips is 254 all the way, by videomixer every picture is: its own
# 255 alone is 254. "over" gives 192 and 255. No message. Seen with GStreamer 1.22.0 (Debian's 1.22.0-3+deb12u7 of the base plugins
# and 1.22.0-5+deb12u4 of the good ones; other versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base=1.22.0-3+deb12u7 gstreamer1.0-plugins-good=1.22.0-5+deb12u4 > apt.log 2>&1 ||
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
LOWER, UPPER = (0, 0, 255), (200, 100, 50)


def laid_over(lower, upper, properties="", mixer="compositor"):
    """One pixel, RGBA, of two flat layers with these levels of alpha over nothing."""
    for layer, pixel in enumerate(((*LOWER, lower), (*UPPER, upper))):
        with open(f"{layer}.rgba", "wb") as file:
            file.write(bytes(pixel) * SIDE * SIDE)
    layers = [
        f"filesrc location={layer}.rgba blocksize={SIDE * SIDE * 4} ! rawvideoparse format=rgba width={SIDE} height={SIDE} ! both.sink_{layer}"
        for layer in (0, 1)
    ]
    steps = f"{mixer} name=both background=transparent {properties} ! video/x-raw,format=RGBA ! filesink location=seen.rgba"
    done = subprocess.run(["gst-launch-1.0", "-q", *steps.split(), *" ".join(layers).split()], check=True, capture_output=True)
    assert not done.stderr, done.stderr
    with open("seen.rgba", "rb") as file:
        return tuple(file.read(4))


for lower, upper, added, over in ((128, 64, 192, 160), (128, 128, 0, 192), (128, 200, 72, 228), (128, 255, 127, 255), (255, 255, 254, 255)):
    seen, wanted = laid_over(lower, upper, "sink_1::operator=add"), laid_over(lower, upper, "sink_1::operator=over")
    print(f"alpha {upper} on {lower}: add {seen}, over {wanted}")
    assert (seen[3], wanted[3]) == (added, over) and seen[:3] == wanted[:3]
for part in (0.25, 0.5, 0.75):
    seen = laid_over(255, 255, f"sink_0::alpha={1 - part} sink_1::alpha={part} sink_1::operator=add")
    print(f"a fade between opaque clips at {part}: {seen}")
    assert seen[3] == 254
seen = laid_over(255, 0, mixer="videomixer"), laid_over(255, 0)
print("an opaque layer alone, videomixer and compositor:", seen)
assert [pixel[3] for pixel in seen] == [254, 255]
PYTHON
