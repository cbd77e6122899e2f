#!/usr/bin/env bash
# PNG pictures that are given to libavcodec's decoder one by one, as they come from a socket, a queue or a container of one's own, are right for the
# first of them and added up from then on: each byte is the picture's own plus that of the picture before as it was given out, modulo 256.
# Of equal pictures of (200, 100, 50) at alpha 128 the second is (144, 200, 100) at alpha 0, the third (88, 44, 150) at 128; a white
# matte goes down by one level a frame. The decoder takes a packet that is not marked as a key frame for a difference, as one old kind of PNG
# video had it, and av.Packet(data) in PyAV marks none; nor does GStreamer's avdec_png, in any pipeline. A single picture or an empty
# one shows nothing, and there is no message. TIFF, TGA and BMP by the same lines are right, PNG with packet.is_keyframe = True is,
# and so are GStreamer's pngdec and ffmpeg, whose demuxers set the mark. Seen with PyAV 18.1.0 (FFmpeg 8.1.2), Pillow 12.3.0, GStreamer 1.22.0
# with gst-libav 1.22.0 and FFmpeg 5.1.9 (Debian's 1.22.0-2 and 7:5.1.9-0+deb12u1; other versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check av==18.1.0 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import io

import av
from PIL import Image

SIZE, COUNT = 32, 5
print("PyAV", av.__version__, "with FFmpeg", av.ffmpeg_version_info)
ENCODERS = {"png": "PNG", "tiff": "TIFF", "targa": "TGA", "bmp": "BMP"}


def decoded(codec, mode, pixel, is_keyframe=None):
    """The first pixel of each of some equal, flat pictures, decoded one after the other."""
    file = io.BytesIO()
    Image.new(mode, (SIZE, SIZE), pixel).save(file, ENCODERS[codec])
    context, frames = av.CodecContext.create(codec, "r"), []
    for _ in range(COUNT):
        packet = av.Packet(file.getvalue())
        if is_keyframe is not None:
            packet.is_keyframe = is_keyframe
        frames += context.decode(packet)
    frames += context.decode(None)
    name = {"RGBA": "rgba", "RGB": "rgb24", "L": "gray"}[mode]
    pixels = [frame.reformat(format=name).to_ndarray().reshape(SIZE * SIZE, -1) for frame in frames]
    assert len(pixels) == COUNT and all((flat == flat[0]).all() for flat in pixels)
    return [tuple(flat[0].tolist()) for flat in pixels]


for mode, pixel in (("RGBA", (200, 100, 50, 128)), ("RGB", (200, 100, 50)), ("L", (255,))):
    seen, marked = decoded("png", mode, pixel), decoded("png", mode, pixel, is_keyframe=True)
    print(f"{mode} {pixel}: {seen}; marked as key frames {marked[-1]}")
    assert seen == [tuple(level * (index + 1) % 256 for level in pixel) for index in range(COUNT)]
    assert marked == [pixel] * COUNT
for codec in ("tiff", "targa", "bmp"):
    assert decoded(codec, "RGB", (200, 100, 50)) == [(200, 100, 50)] * COUNT
print("TIFF, TGA and BMP: right")
PYTHON
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gstreamer1.0-tools=1.22.0-2+deb12u1 gstreamer1.0-plugins-base=1.22.0-3+deb12u7 gstreamer1.0-plugins-good=1.22.0-5+deb12u4 \
  gstreamer1.0-plugins-bad=1.22.0-4+deb12u8 gstreamer1.0-libav=1.22.0-2 libavcodec59=7:5.1.9-0+deb12u1 > apt.log 2>&1 ||
  { echo "Debian's GStreamer 1.22.0 and FFmpeg 5.1.9 are not to be had: not seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
library="usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/root/$library" PATH="$folder/root/usr/bin:$PATH"
export GST_PLUGIN_SYSTEM_PATH="$folder/root/$library/gstreamer-1.0:/$library/gstreamer-1.0"
export GST_REGISTRY="$folder/registry" GST_REGISTRY_FORK=no
"${PYTHON:-python3}" - <<'PYTHON'
import subprocess
from pathlib import Path

SIZE, COUNT = 64, 5
version = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[1])


def decoded(pixel, name, steps):
    """The first pixel of each frame of a clip of equal, flat pictures."""
    picture = bytes(pixel) * (SIZE * SIZE)
    Path("in.raw").write_bytes(picture * COUNT)
    source = f"filesrc location=in.raw blocksize={len(picture)} ! rawvideoparse format={name} width={SIZE} height={SIZE} framerate=25/1"
    done = subprocess.run(["gst-launch-1.0", "-q", *f"{source} ! {steps} ! filesink location=out.raw".split()], capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    out = Path("out.raw").read_bytes()
    assert len(out) == len(picture) * COUNT
    return [tuple(out[start : start + len(pixel)]) for start in range(0, len(out), len(picture))]


for pixel, name in (((200, 100, 50, 128), "rgba"), ((200, 100, 50), "rgb"), ((255,), "gray8")):
    right, added = decoded(pixel, name, "pngenc ! pngdec"), decoded(pixel, name, "pngenc ! avdec_png")
    print(f"{name} {pixel}: avdec_png {added}, pngdec {right[-1]}")
    assert right == [pixel] * COUNT
    assert added == [tuple(level * (index + 1) % 256 for level in pixel) for index in range(COUNT)]
PYTHON
