#!/usr/bin/env bash
# A TGA of 16 bits, five for each colour and one for alpha, as game engines and sprite tools keep cut-outs, is read turned round: in Pillow,
# three.js and @lunapaint/tga-codec the set bit means transparent, so that the subject is a hole in a full rectangle. The file here says in
# the extension of TGA 2.0 that its alpha is meant (attributes type 3), where 0 is transparent as it is in 32 bits; Pillow reads that field,
# and inverts the bit all the same. The package tga gives alpha 128 for opaque; FFmpeg, OpenImageIO and SDL (pygame) give no alpha, and the
# rectangle is full. Where header and extension promise no alpha, three.js alone uses the bit. None gives a message, and 32 bits are
# right in all of them. Seen with Pillow 12.3.0, three 0.187.0, @lunapaint/tga-codec 0.2.0, tga 1.0.7, OpenImageIO 3.2.2.0, pygame-ce
# 2.5.8, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 OpenImageIO==3.2.2.0 pygame-ce==2.5.8 \
  imageio-ffmpeg==0.8.1 numpy==2.2.6 2> pip.log || { cat pip.log; exit 1; }
npm install --silent --no-audit --no-fund three@0.187.0 @lunapaint/tga-codec@0.2.0 tga@1.0.7
PYGAME_HIDE_SUPPORT_PROMPT=1 env/bin/python - <<'PYTHON'
import struct
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import OpenImageIO
import PIL
import pygame
from PIL import Image

print("Pillow", PIL.__version__, "OpenImageIO", OpenImageIO.VERSION_STRING, "pygame-ce", pygame.version.ver)


def write(name, depth, alpha_bits, pixels):
    """A TGA 2.0 of 4 rows of 4 pixels, top row first, whose extension area says that alpha is useful (type 3) or absent (0)."""
    header = struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, 4, 4, depth, 0x20 | alpha_bits)
    content = header + b"".join(pixels) * 4
    extension = bytearray(495)
    struct.pack_into("<H", extension, 0, 495)
    extension[494] = 3 if alpha_bits else 0
    footer = struct.pack("<II", len(content), 0) + b"TRUEVISION-XFILE.\0"
    Path(name).write_bytes(content + extension + footer)


colour = 25 << 10 | 12 << 5 | 6
for name, alpha_bits in (("one_bit", 1), ("no_alpha", 0)):
    write(f"{name}.tga", 16, alpha_bits, [struct.pack("<H", bit << 15 | colour) for bit in (1, 1, 0, 0)])
write("full.tga", 32, 8, [bytes((49, 99, 206, alpha)) for alpha in (255, 255, 0, 0)])


def alphas(name):
    """The alphas of the second row by four readers."""
    with Image.open(name) as image:
        pillow = [image.getpixel((column, 1))[-1] for column in range(4)] if image.mode == "RGBA" else [255] * 4
    read = OpenImageIO.ImageBuf(name)
    pixels = read.get_pixels(OpenImageIO.UINT8)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", name, "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    ffmpeg = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.uint8).reshape(4, 4, 4)
    surface = pygame.image.load(name)
    seen = {
        "Pillow": pillow,
        "OpenImageIO": pixels[1, :, 3].tolist() if pixels.shape[2] == 4 else [255] * 4,
        "FFmpeg": ffmpeg[1, :, 3].tolist(),
        "pygame": [surface.get_at((column, 1))[3] for column in range(4)],
    }
    print(name, seen)
    return list(seen.values())


right, turned, full = [255, 255, 0, 0], [0, 0, 255, 255], [255] * 4
assert alphas("full.tga") == [right] * 4
assert alphas("one_bit.tga") == [turned, full, full, full]
assert alphas("no_alpha.tga") == [full] * 4
PYTHON
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { decodeTga } from "@lunapaint/tga-codec";
import Tga from "tga";
import { REVISION } from "three";
import { TGALoader } from "three/examples/jsm/loaders/TGALoader.js";

console.log("three", REVISION);
const row = (data) => [4, 5, 6, 7].map((place) => [...data.subarray(4 * place, 4 * place + 4)]);

async function seen(name) {
  const file = readFileSync(name);
  const bytes = new Uint8Array(file);
  const rows = [row(new TGALoader().parse(bytes.buffer).data), row((await decodeTga(bytes)).image.data), row(new Tga(file).pixels)];
  ["three", "@lunapaint/tga-codec", "tga"].forEach((reader, place) => console.log(`${name} by ${reader}:`, rows[place].map(String).join(" | ")));
  return rows.map((pixels) => pixels.map((pixel) => pixel[3]));
}

const [right, turned, full] = [[255, 255, 0, 0], [0, 0, 255, 255], [255, 255, 255, 255]];
assert.deepEqual(await seen("full.tga"), [right, right, right]);
assert.deepEqual(await seen("one_bit.tga"), [turned, turned, [128, 128, 0, 0]]);
const [three, lunapaint] = await seen("no_alpha.tga");
assert.deepEqual([three, lunapaint], [turned, full]);
NODE
node seen.mjs
