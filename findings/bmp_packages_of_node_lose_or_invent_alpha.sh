#!/usr/bin/env bash
# The BMP packages of Node have no fixed idea of alpha. A BMP of 32 bits, which FFmpeg and Pillow write from a cut-out, is opaque for bmp-ts
# and so for Jimp, with whatever stood under alpha 0 in sight; bmp-js, nine million downloads a month, and FFmpeg read its alpha. A plain
# picture of 24 bits, in turn, has alpha 0 everywhere in bmp-js and bmp-ts (Jimp sets it to 255 itself): laid over something it is not
# there. With toRGBA, 24 and 32 bits come in that order, while an 8-bit picture stays in the other one, so that a grey matte is read as (0, 255,
# 255, 255) for white and nothing for black, red gone and its grey level as alpha, and the bytes of a 1-bit mask are mixed up. Jimp writes
# BMP without alpha. No message. Seen with bmp-js 0.1.0, bmp-ts 1.0.9, Jimp 1.6.1, files by Pillow 12.3.0 and FFmpeg 9.0.2 (imageio-ffmpeg
# 0.8.1); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 imageio-ffmpeg==0.8.1 numpy==2.2.6 2> pip.log || { cat pip.log; exit 1; }
npm install --silent --no-audit --no-fund bmp-js@0.1.0 bmp-ts@1.0.9 jimp@1.6.1
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np
from PIL import Image

FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
picture = np.full((4, 4, 4), (200, 100, 50, 255), np.uint8)
picture[:, 2, 3], picture[:, 3, 3] = 128, 0
Image.fromarray(picture).save("cut_out.png")
Image.fromarray(picture).save("pillow.bmp")
subprocess.run([*FFMPEG, "-i", "cut_out.png", "-pix_fmt", "bgra", "ffmpeg.bmp"], check=True)
Image.fromarray(picture).convert("RGB").save("plain.bmp")
Image.fromarray(picture[..., 3]).save("matte.bmp")
Image.fromarray(picture[..., 3] > 127).save("mask.bmp")
for name, alpha in (("pillow", [255, 255, 128, 0]), ("ffmpeg", [255, 255, 128, 0]), ("plain", [255] * 4)):
    command = [*FFMPEG, "-i", f"{name}.bmp", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    seen = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.uint8).reshape(4, 4, 4)
    print(f"{name}.bmp by FFmpeg, alpha: {seen[1, :, 3].tolist()}")
    assert (seen[..., :3] == (200, 100, 50)).all() and seen[1, :, 3].tolist() == alpha
PYTHON
cat > seen.cjs <<'NODE'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const bmpJs = require("bmp-js");
const bmpTs = require("bmp-ts");
const { Jimp } = require("jimp");

for (const name of ["bmp-js", "bmp-ts", "jimp"]) console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);

/** The second row's pixels, in the order of the four places of a pixel that is given. */
const row = (data, order = [0, 1, 2, 3]) => [4, 5, 6, 7].map((place) => order.map((channel) => data[4 * place + channel]));
const abgr = [3, 2, 1, 0];

(async () => {
  const seen = {};
  for (const name of ["pillow", "ffmpeg", "plain", "matte", "mask"]) {
    const file = readFileSync(`${name}.bmp`);
    seen[name] = {
      js: row(bmpJs.decode(file).data, abgr),
      ts: row(bmpTs.decode(file).data, abgr),
      toRGBA: row(bmpTs.decode(file, { toRGBA: true }).data),
      jimp: row((await Jimp.fromBuffer(file)).bitmap.data),
    };
    for (const [reader, pixels] of Object.entries(seen[name])) console.log(`${name}.bmp by ${reader}:`, pixels.map(String).join(" | "));
  }
  const colour = (...alphas) => alphas.map((alpha) => [200, 100, 50, alpha]);
  for (const name of ["pillow", "ffmpeg"]) {
    assert.deepEqual(seen[name].js, colour(255, 255, 128, 0));
    for (const reader of ["ts", "toRGBA", "jimp"]) assert.deepEqual(seen[name][reader], colour(255, 255, 255, 255));
  }
  for (const reader of ["js", "ts", "toRGBA"]) assert.deepEqual(seen.plain[reader], colour(0, 0, 0, 0));
  assert.deepEqual(seen.plain.jimp, colour(255, 255, 255, 255));
  const levels = [255, 255, 128, 0];
  assert.deepEqual(seen.matte.jimp, levels.map((level) => [level, level, level, 255]));
  assert.deepEqual(seen.matte.toRGBA, levels.map((level) => [0, level, level, level]));
  assert.deepEqual(seen.mask.jimp, [255, 255, 255, 0].map((level) => [level, level, level, 255]));
  assert.notDeepEqual(seen.mask.toRGBA, [255, 255, 255, 0].map((level) => [level, level, level, 255]));
  assert.notDeepEqual(seen.mask.toRGBA[0], seen.mask.toRGBA[1]);

  const written = await (await Jimp.read("cut_out.png")).getBuffer("image/bmp");
  console.log("bits of a pixel in Jimp's BMP of a cut-out:", written.readUInt16LE(28));
  assert.equal(written.readUInt16LE(28), 24);
})();
NODE
node seen.cjs
