#!/usr/bin/env bash
# GStreamer's alphacombine, "use luma from an opaque stream as alpha plane on another", takes the luma of a matte as it is stored and means the
# full range by it. A matte that is video, as every decoder and videoconvert to I420 or NV12 give it, has black at 16 and white at 235: what should
# be transparent is a haze of 16 over the whole frame, the subject is nowhere more opaque than 235, and half grey, 128, is 126, so that it looks
# right in the middle. A matte that is right, grey of full range, is refused beside a fill of limited range: "Color range miss-match".
# The documentation has VP8 and VP9, whose alpha is stored in full range, in mind and no word of range. With the fill in full range
# too, both go together and every level is kept. Seen with GStreamer 1.22.0 (Debian's 1.22.0-4+deb12u8 of the bad plugins;
# other versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial bad root plugins
{
  apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
    gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base=1.22.0-3+deb12u7
  cd bad
  apt-get download --quiet=2 gstreamer1.0-plugins-bad=1.22.0-4+deb12u8
  cd ..
} > apt.log 2>&1 || { echo "Debian's GStreamer 1.22.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
dpkg -x bad/*.deb bad
library="usr/lib/$(uname -m)-linux-gnu"
cp "bad/$library/gstreamer-1.0/libgstcodecalpha.so" plugins/  # this one alone: others need libraries that are not there
export LD_LIBRARY_PATH="$folder/root/$library" PATH="$folder/root/usr/bin:$PATH"
export GST_PLUGIN_SYSTEM_PATH="$folder/plugins:$folder/root/$library/gstreamer-1.0:/$library/gstreamer-1.0"
export GST_REGISTRY="$folder/registry" GST_REGISTRY_FORK=no
"${PYTHON:-python3}" - <<'PYTHON'
import subprocess

version = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[1])
SIDE = 64
LEVELS = (0, 64, 128, 255)
with open("fill.raw", "wb") as file:
    file.write(bytes((200, 100, 50)) * SIDE * SIDE)
with open("matte.raw", "wb") as file:
    file.write(b"".join(bytes((LEVELS[x // 16],)) * 3 for x in range(SIDE)) * SIDE)


def joined(fill, matte):
    """The alpha of four pixels in the middle row, or the word of an error, for these formats of fill and matte."""
    steps = ["alphacombine name=both ! videoconvert ! video/x-raw,format=RGBA ! filesink location=seen.rgba"]
    for name, caps, pad in (("fill", fill, "sink"), ("matte", matte, "alpha")):
        raw = f"rawvideoparse format=rgb width={SIDE} height={SIDE} framerate=25/1"
        source = f"filesrc location={name}.raw blocksize={SIDE * SIDE * 3}"
        steps.append(f"{source} ! {raw} ! videoconvert ! video/x-raw,{caps} ! both.{pad}")
    done = subprocess.run(["gst-launch-1.0", "-q", *" ".join(steps).split()], capture_output=True, text=True)
    if done.returncode:
        return done.stderr.partition("both: ")[2].splitlines()[0]
    assert not done.stderr, done.stderr
    with open("seen.rgba", "rb") as file:
        pixels = file.read()
    return [pixels[4 * (SIDE // 2 * SIDE + x) + 3] for x in (8, 24, 40, 56)]


FULL = "colorimetry=1:4:0:1"  # full range, the matrix of BT.601, transfer unknown, BT.709 primaries
for matte in ("format=I420", "format=NV12"):
    seen = joined("format=I420", matte)
    print(f"matte {LEVELS} as {matte}: alpha {seen}")
    assert seen == [16, 71, 126, 235]
refused = joined("format=I420", "format=GRAY8")
print("as format=GRAY8:", refused)
assert "miss-match" in refused
for matte in ("format=GRAY8", f"format=I420,{FULL}"):
    seen = joined(f"format=I420,{FULL}", matte)
    print(f"as {matte}, the fill in full range: alpha {seen}")
    assert seen == list(LEVELS)
PYTHON
