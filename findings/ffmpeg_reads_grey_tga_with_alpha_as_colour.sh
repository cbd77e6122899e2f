#!/usr/bin/env bash
# FFmpeg reads a grey TGA with alpha, 8 bits of each (what Pillow writes of mode "LA", and how a black and white cut-out or a matte's layer is
# kept), as 16-bit colour of 5 bits a channel: the picture is an opaque pattern of bright colours, its alpha is gone, and the two
# bytes of a pixel are mixed up in every level. Depth 16 in the header means colour for image type 2 and grey with 8 bits of
# attributes for type 3, and FFmpeg looks at the depth alone; the run-length kind is read likewise. Grey without alpha and RGBA are right.
# Status 0 and no message. three.js and Pillow read the same file exactly. Convert to RGBA first. Seen with FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1), Pillow 12.3.0, and three 0.187.0 where npm is there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 pillow==12.3.0 numpy==2.2.6
cat > check.py <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
pictures = {
    "grey": (grey, "L"),
    "grey_alpha": (np.dstack([grey, 255 - grey]), "LA"),
    "rgba": (np.dstack([grey, grey, grey, 255 - grey]), "RGBA"),
}
for name, (picture, mode) in pictures.items():
    Image.fromarray(picture, mode).save(f"{name}.tga")
    Image.fromarray(picture, mode).save(f"{name}_rle.tga", compression="tga_rle")
    for file in (f"{name}.tga", f"{name}_rle.tga"):
        assert (np.asarray(Image.open(file)) == picture).all() and Image.open(file).mode == mode
        result = subprocess.run([FFMPEG, "-v", "warning", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgba", "-"], capture_output=True, check=True)
        assert not result.stderr, result.stderr
        seen = np.frombuffer(result.stdout, np.uint8).reshape(16, 16, 4)
        right = np.asarray(Image.open(file).convert("RGBA"))
        wrong = int((seen != right).any(axis=2).sum())
        print(f"{file}: {wrong} of 256 pixels differ, the first two are {seen[0, :2].tolist()} for {right[0, :2].tolist()}")
        if name == "grey_alpha":
            assert wrong > 200 and (seen[..., 3] == 255).all() and np.ptp(seen[..., :3].astype(int), axis=2).max() > 100
        else:
            assert wrong == 0
header = open("grey_alpha.tga", "rb").read(18)
assert header[2] == 3 and header[16] == 16 and header[17] & 15 == 8  # grey, 16 bits a pixel, 8 of them attributes (alpha)
PYTHON
env/bin/python -W ignore::DeprecationWarning check.py
if command -v npm > /dev/null; then
  npm install --silent --no-audit --no-fund three@0.187.0
  cat > check.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { TGALoader } from "three/examples/jsm/loaders/TGALoader.js";

for (const name of ["grey_alpha", "grey_alpha_rle"]) {
  const bytes = readFileSync(`${name}.tga`);
  const { data } = new TGALoader().parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  for (let place = 0; place < 256; place++) assert.deepEqual([...data.slice(4 * place, 4 * place + 4)], [place, place, place, 255 - place]);
}
console.log("three.js reads both exactly");
NODE
  node check.mjs
fi
