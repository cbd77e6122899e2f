#!/usr/bin/env bash
# An AVIF may hold colour multiplied by its alpha and says so in its header (the item reference "prem"; Pillow writes it with
# alpha_premultiplied=True). libvips, and sharp, the image library of most web services, do not look: (200, 100, 50) at alpha 128 is
# read as (100, 50, 25), as if it were straight, and a thumbnail or a copy of the cut-out has dark hair for good, without the mark in
# the new file. Pillow, OpenCV and imagecodecs divide. FFmpeg hands the same dark colour out, and alpha of any AVIF as a second
# stream, grey, which nobody gets without "-map": the picture is opaque. No message; opaque pixels are right. Seen with pyvips 3.2.0
# (libvips 8.18.7), sharp 0.35.5 where npm is there, Pillow 12.3.0, OpenCV 4.14.0, imagecodecs 2026.3.6, FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 pyvips==3.2.0 pyvips-binary==8.18.7 \
  opencv-python-headless==4.14.0.94 imagecodecs==2026.3.6 imageio-ffmpeg==0.8.1 numpy==2.2.6
cat > check.py <<'PYTHON'
import subprocess
from pathlib import Path

import cv2
import imagecodecs
import imageio_ffmpeg
import numpy as np
import PIL
import pyvips
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SIZE = 64
versions = [str(pyvips.version(place)) for place in range(3)]
print("Pillow", PIL.__version__, "OpenCV", cv2.__version__, "imagecodecs", imagecodecs.__version__, "libvips", ".".join(versions))


def ffmpeg(name, *arguments):
    """One stream of the file as RGBA, (H, W, 4)."""
    command = [FFMPEG, "-v", "error", "-i", name, *arguments, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return np.frombuffer(done.stdout, np.uint8).reshape(SIZE, SIZE, 4)


def seen(name):
    """The half transparent half as each reader gives it."""
    readers = {
        "Pillow": np.asarray(Image.open(name).convert("RGBA")),
        "OpenCV": cv2.imread(name, cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]],
        "imagecodecs": imagecodecs.avif_decode(Path(name).read_bytes()),
        "libvips": pyvips.Image.new_from_file(name).numpy(),
        "FFmpeg": ffmpeg(name),
        "FFmpeg, second stream": ffmpeg(name, "-map", "0:1"),
    }
    return {reader: picture[10, 50].tolist() for reader, picture in readers.items()}


picture = np.full((SIZE, SIZE, 4), (200, 100, 50, 128), np.uint8)
picture[:, :32, 3] = 255
for name, premultiplied in (("straight.avif", False), ("premultiplied.avif", True)):
    Image.fromarray(picture).save(name, quality=100, subsampling="4:4:4", speed=8, alpha_premultiplied=premultiplied)
    assert (b"prem" in Path(name).read_bytes()) == premultiplied
    found = seen(name)
    print(name, found)
    for reader in ("Pillow", "OpenCV", "imagecodecs"):
        assert np.abs(np.subtract(found[reader], (200, 100, 50, 128))).max() <= 2, reader
    colour = (100, 50, 25) if premultiplied else (200, 100, 50)
    assert np.abs(np.subtract(found["libvips"], (*colour, 128))).max() <= 1
    assert np.abs(np.subtract(found["FFmpeg"], (*colour, 255))).max() <= 1
    assert found["FFmpeg, second stream"] == [128, 128, 128, 255]
pyvips.Image.new_from_file("premultiplied.avif").write_to_file("copy.png")
copy = np.asarray(Image.open("copy.png"))[10, 50].tolist()
print("copied to PNG by libvips:", copy)
assert np.abs(np.subtract(copy, (100, 50, 25, 128))).max() <= 1
PYTHON
env/bin/python check.py
command -v npm > /dev/null || { echo "npm is not there: sharp not seen"; exit 0; }
npm install --silent --no-audit --no-fund sharp@0.35.5
cat > check.mjs <<'NODE'
import assert from "node:assert";
import sharp from "sharp";

console.log("sharp", sharp.versions.sharp, "libvips", sharp.versions.vips);
for (const [name, right] of [["straight", 200], ["premultiplied", 100]]) {
  const pixels = await sharp(`${name}.avif`).raw().toBuffer();
  const found = [...pixels.subarray((10 * 64 + 50) * 4, (10 * 64 + 50) * 4 + 4)];
  console.log(`${name}.avif in sharp:`, found);
  assert(Math.abs(found[0] - right) <= 1 && found[3] === 128);
}
NODE
node check.mjs
