#!/usr/bin/env bash
# UTIF, the TIFF decoder of web editors (three million downloads a month), gives another picture than the file holds for several kinds
# of matte, without an error. Grey with alpha: alpha values become pixels, so that grey and alpha alternate in columns and only the
# upper half is there. Grey of 32-bit float, and 16-bit grey in which 0 is white: nothing, alpha 0 everywhere. RGBA of 32-bit
# float: single bytes of the numbers. utif2, which Jimp uses (seven million), mends these, drops the alpha of grey, and puts alpha of
# float RGBA through sRGB's curve as if it were light: 0.067 becomes 73 of 255. Half float is read as whole numbers by both (white is
# 60) and by the package tiff (15360 of 65535). Grey and RGBA of 8 and 16 bits are right. Seen with utif 3.1.0, utif2 4.1.0, tiff 7.1.3,
# files by tifffile 2025.5.10; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check tifffile==2025.5.10 numpy==2.2.6
npm install --silent --no-audit --no-fund utif@3.1.0 utif2@4.1.0 tiff@7.1.3
env/bin/python - <<'PYTHON'
import numpy as np
import tifffile

grey = np.arange(16, dtype=np.uint8).reshape(4, 4) * 17
rgba = np.dstack([np.full((4, 4, 3), (200, 100, 50), np.uint8), grey])
alpha = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
files = {
    "grey": (grey, {}),
    "grey16": (grey.astype(np.uint16) * 257, {}),
    "rgba": (rgba, alpha),
    "rgba16": (rgba.astype(np.uint16) * 257, alpha),
    "grey_alpha": (np.dstack([grey, 255 - grey]), {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unassalpha"]}),
    "white_is_zero": (grey.astype(np.uint16) * 257, {"photometric": "miniswhite"}),
    "float": (np.float32(grey / 255), {}),
    "half": (np.float16(grey / 255), {}),
    "float_rgba": (np.float32(rgba / 255), alpha),
}
for name, (picture, options) in files.items():
    tifffile.imwrite(f"{name}.tif", picture, metadata=None, **options)
    assert (tifffile.imread(f"{name}.tif") == picture).all()
PYTHON
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { decode } from "tiff";
import utif from "utif";
import utif2 from "utif2";

/** The 16 pixels of a file as UTIF's RGBA. */
function pixels(reader, name) {
  const bytes = readFileSync(`${name}.tif`);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const [page] = reader.decode(file);
  reader.decodeImage(file, page);
  const rgba = reader.toRGBA8(page);
  return Array.from({ length: 16 }, (_, place) => Array.from(rgba.slice(4 * place, 4 * place + 4)));
}

const level = (place) => 17 * place;
for (const [library, reader] of [["utif", utif], ["utif2", utif2]]) {
  const seen = (name) => pixels(reader, name);
  for (const name of ["grey", "grey16"])
    assert.deepEqual(seen(name).map(([red]) => red), Array.from({ length: 16 }, (_, place) => level(place)));
  for (const name of ["rgba", "rgba16"])
    assert.deepEqual(seen(name).map((pixel) => pixel[3]), Array.from({ length: 16 }, (_, place) => level(place)));
  for (const name of ["grey_alpha", "white_is_zero", "float", "half", "float_rgba"])
    console.log(library, name, JSON.stringify(seen(name).slice(0, 3)), "last", JSON.stringify(seen(name)[15]));
  const grey = seen("grey_alpha").map(([red]) => red);
  assert.ok(seen("grey_alpha").every((pixel) => pixel[3] === 255));
  assert.deepEqual(seen("half")[15], [60, 60, 60, 255]);
  if (library === "utif") {
    const mixed = Array.from({ length: 16 }, (_, place) => (place % 2 ? 255 - level((place - 1) / 2) : level(place / 2)));
    assert.deepEqual(grey, mixed);
    for (const name of ["white_is_zero", "float"]) assert.ok(seen(name).every((pixel) => pixel[3] === 0), name);
    assert.notDeepEqual(seen("float_rgba")[15], [200, 100, 50, 255]);
    assert.notEqual(seen("float_rgba")[0][3], 0);
  } else {
    assert.deepEqual(grey, Array.from({ length: 16 }, (_, place) => level(place)));
    assert.deepEqual(seen("float").map(([red]) => red), grey);
    assert.deepEqual(seen("float_rgba").map((pixel) => pixel[3]).slice(0, 3), [0, 73, 102]);
  }
}
const [half] = decode(readFileSync("half.tif"));
console.log("tiff, half float: white is", half.data[15], "in", half.data.constructor.name);
assert.equal(half.data[15], 15360);
const [single] = decode(readFileSync("float.tif"));
assert.equal(single.data[15], 1);
NODE
node seen.mjs
