#!/usr/bin/env bash
# The EXRLoader of three.js takes the depth of the colour for that of all channels: with half-float R, G and B and a float A, as a
# render with a precise matte has, alpha is 0 in every second column and 1.75 in the others (it is 0.5), under any compression;
# with float colour and a half A it is noise. Colour is right, and so is a float Z beside half RGBA. Of a grey picture with alpha (Y
# and A, how OpenEXR stores a foreground in black and white) alpha is dropped: 1 everywhere. Neither is an error;
# FFmpeg refuses the first kind of file, and OpenEXR reads all of them. Seen with three 0.187.0, OpenEXR 3.4.4; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenEXR==3.4.4 numpy==2.2.6
npm install --silent --no-audit --no-fund three@0.187.0
env/bin/python - <<'PYTHON'
import numpy as np
import OpenEXR


def write(name, compression="ZIP", **channels):
    header = {"compression": getattr(OpenEXR, f"{compression}_COMPRESSION"), "type": OpenEXR.scanlineimage}
    planes = {key: np.full((4, 4), level, depth) for key, (level, depth) in channels.items()}
    OpenEXR.File(header, planes).write(f"{name}.exr")


half, single = np.float16, np.float32
for compression in ("NO", "ZIP", "PIZ"):
    write(f"float_alpha_{compression}", compression, R=(0.4, half), G=(0.2, half), B=(0.1, half), A=(0.5, single))
write("half_alpha", R=(0.4, single), G=(0.2, single), B=(0.1, single), A=(0.5, half))
write("half", R=(0.4, half), G=(0.2, half), B=(0.1, half), A=(0.5, half), Z=(7, single))
write("grey", Y=(0.4, half), A=(0.5, half))
for name in ("float_alpha_ZIP", "half_alpha", "grey"):
    channels = OpenEXR.File(f"{name}.exr", separate_channels=True).channels()
    assert (channels["A"].pixels == 0.5).all() and len({str(channel.pixels.dtype) for channel in channels.values()}) == 1 + (name != "grey")
print("OpenEXR reads every alpha as 0.5")
PYTHON
cat > seen.mjs <<'NODE'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { FloatType, REVISION } from "three";
import { EXRLoader } from "three/examples/jsm/loaders/EXRLoader.js";

console.log("three", REVISION);
const seen = {};
for (const name of ["half", "float_alpha_NO", "float_alpha_ZIP", "float_alpha_PIZ", "half_alpha", "grey"]) {
  const bytes = readFileSync(`${name}.exr`);
  const loader = new EXRLoader().setDataType(FloatType);
  const { data } = loader.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const pixels = [0, 1, 2, 3].map((x) => Array.from(data.slice(4 * x, 4 * x + 4), (v) => Number(v.toFixed(2))));
  console.log(name, JSON.stringify(pixels));
  seen[name] = pixels;
}
const alphas = (name) => seen[name].map((pixel) => pixel[3]);
assert.deepEqual(alphas("half"), [0.5, 0.5, 0.5, 0.5]);
for (const name of ["float_alpha_NO", "float_alpha_ZIP", "float_alpha_PIZ"]) {
  assert.deepEqual(alphas(name), [0, 1.75, 0, 1.75]);
  assert.deepEqual(seen[name][0].slice(0, 3), [0.4, 0.2, 0.1]);
}
assert.ok(alphas("half_alpha").every((alpha) => Math.abs(alpha - 0.5) > 0.1));
assert.deepEqual(alphas("grey"), [1, 1, 1, 1]);
NODE
node seen.mjs
