#!/usr/bin/env bash
# GStreamer sends raw video over RTP, between machines of a studio or processes of one, by rtpvrawpay and takes it up by rtpvrawdepay. Both take and
# give AYUV, the format with alpha that its mixer, its keyer and its wipes use, and both ends of the link name it in their caps; the alpha
# is not sent. What comes out is 0 everywhere, not 255 as of a clip without alpha: opaque and half transparent pixels alike are invisible
# to whatever lays the clip over something, and a picture to look at is right, since screens ignore alpha. RGBA and BGRA, through the
# same two elements, keep every level. RFC 4175 has samplings with alpha for RGBA and BGRA alone; the elements' pages say
# nothing of it. No message. Convert to RGBA before the payloader. Seen with GStreamer 1.22.0 (Debian's 1.22.0-5+deb12u4 of the good
# plugins; other versions are not looked at).
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

WIDTH, HEIGHT, FRAMES = 256, 32, 3
version = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[1])
PLACE_OF_ALPHA = {"AYUV": 0, "RGBA": 3, "BGRA": 3}


def sent(name, link):
    """Alpha and the rest of a clip of one format behind a link, and the formats that stood in the caps."""
    pixels = [[90, 120, 140] for _ in range(WIDTH)]
    for level, pixel in enumerate(pixels):
        pixel.insert(PLACE_OF_ALPHA[name], level)
    frame = b"".join(map(bytes, pixels)) * HEIGHT
    Path("in.raw").write_bytes(frame * FRAMES)
    source = f"filesrc location=in.raw blocksize={len(frame)} ! rawvideoparse format={name.lower()} width={WIDTH} height={HEIGHT} framerate=25/1"
    command = f"gst-launch-1.0 -v {source} {link} ! filesink location=out.raw"
    done = subprocess.run(command.split(), capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    out = Path("out.raw").read_bytes()
    assert len(out) == len(frame) * FRAMES
    alpha = out[PLACE_OF_ALPHA[name] :: 4]
    others = [out[place::4] for place in range(4) if place != PLACE_OF_ALPHA[name]]
    assert all(set(plane) == {level} for plane, level in zip(others, (90, 120, 140)))
    formats = re.findall(r"GstRtpVRawDepay:\S+\.GstPad:src: caps = video/x-raw, format=\(string\)(\w+)", done.stdout)
    return alpha, formats


ramp = bytes(range(256)) * HEIGHT * FRAMES
for name in PLACE_OF_ALPHA:
    assert sent(name, "")[0] == ramp
    alpha, formats = sent(name, "! rtpvrawpay ! rtpvrawdepay")
    print(f"{name}: caps behind the link say {formats}, alpha of 0 to 255 is {min(alpha)} to {max(alpha)}")
    assert formats == [name] and (set(alpha) == {0} if name == "AYUV" else alpha == ramp)
PYTHON
