#!/usr/bin/env bash
# sharp's dilate shrinks a white mask and its erode grows it, the other way round than OpenCV, SciPy and Pillow: for it the
# object is black. On a grey matte both are no minimum and maximum at all: the levels are put together bit by bit, so that
# dilate makes a black seam of level 0 between 90 and 165 (90 & 165 = 0) and erode a white one of 255. Both are silent; the
# first passes for a wrong sign of a few pixels. Seen with sharp 0.35.5 (libvips 8.18.7) beside OpenCV 4.14.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 numpy==2.2.6
npm install --silent --no-audit --no-fund sharp@0.35.5
cat > morph.mjs <<'NODE'
import { readFileSync, writeFileSync } from "node:fs";
import sharp from "sharp";

console.log("sharp", sharp.versions.sharp, "libvips", sharp.versions.vips);
const raw = { width: 64, height: 64, channels: 1 };
for (const name of ["mask", "matte"])
  for (const step of ["dilate", "erode"]) {
    const image = sharp(readFileSync(`${name}.grey`), { raw })[step](2);
    writeFileSync(`${name}.${step}`, await image.toColourspace("b-w").raw().toBuffer());
  }
NODE
cat > check.py <<'PYTHON'
import sys

import cv2
import numpy as np

mask = np.zeros((64, 64), np.uint8)
mask[20:40, 20:40] = 255
matte = np.full((64, 64), 90, np.uint8)
matte[:, 32:] = 165
if len(sys.argv) == 1:
    mask.tofile("mask.grey")
    matte.tofile("matte.grey")
    raise SystemExit
element = np.ones((5, 5), np.uint8)
print("OpenCV", cv2.__version__)
for step, reference, opposite in (("dilate", cv2.dilate, cv2.erode), ("erode", cv2.erode, cv2.dilate)):
    found = np.fromfile(f"mask.{step}", np.uint8).reshape(64, 64)
    right = reference(mask, element)
    print(f"{step}: of {np.count_nonzero(mask)} pixels {np.count_nonzero(found)} instead of {np.count_nonzero(right)}")
    assert (found == opposite(mask, element)).all()
    seam = np.fromfile(f"matte.{step}", np.uint8).reshape(64, 64)[30, 28:36].tolist()
    print(f"{step} of a matte of 90 and 165, across the border: {seam}")
    assert (90 & 165 if step == "dilate" else 90 | 165) in seam and {90, 165} < set(seam), seam
PYTHON
env/bin/python check.py
node morph.mjs
env/bin/python check.py seen
