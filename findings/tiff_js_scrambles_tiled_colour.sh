#!/usr/bin/env bash
# The tiff package of npm, by which image-js reads TIFF, takes a tile of several channels for one of a single channel: of a tiled RGBA picture, tiles being what pyramids
# and textures are made of, it reads one byte a pixel and puts it where red belongs, so that green, blue and alpha are 0 everywhere: (200, 100, 50, 128)
# becomes (200, 0, 0, 0), (100, 0, 0, 0) and so on, a cut-out that is transparent all over. Tiled grey is right, and so are strips. Half floats come
# as the bits of them, 14336 for 0.5, and image-js shows them as 16-bit grey in which white, 15360, is 23 %. No message. Write
# strips, and floats of 32 bits. Seen with tiff 7.1.3, image-js 1.7.0, tifffile 2026.3.3, NumPy 2.2.6; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check tifffile==2026.3.3 numpy==2.2.6
npm install --silent --no-audit --no-fund tiff@7.1.3 image-js@1.7.0
env/bin/python - <<'PYTHON'
import numpy as np
import tifffile

picture = np.full((32, 32, 4), (200, 100, 50, 128), np.uint8)
matte = np.arange(1024, dtype=np.uint16).reshape(32, 32) % 251
for name, settings in (("strips", {}), ("tiles", {"tile": (16, 16)})):
    tifffile.imwrite(f"colour_{name}.tif", picture, photometric="rgb", extrasamples=["unassalpha"], **settings)
    tifffile.imwrite(f"grey_{name}.tif", matte.astype(np.uint8), photometric="minisblack", **settings)
    assert np.array_equal(tifffile.imread(f"colour_{name}.tif"), picture)
for kind in ("float16", "float32"):
    tifffile.imwrite(f"{kind}.tif", np.tile(np.array([0.5, 1], kind), (4, 2)))
PYTHON
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as imageJs from "image-js";
import { decode } from "tiff";

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
console.log("tiff", version("tiff"), "image-js", version("image-js"));
const read = (name) => decode(readFileSync(name))[0];

for (const layout of ["strips", "tiles"]) {
  const name = `colour_${layout}.tif`;
  const { data } = read(name);
  const right = data.every((level, index) => level === [200, 100, 50, 128][index % 4]);
  const zeros = data.filter((level) => level === 0).length / data.length;
  const pixel = imageJs.decode(readFileSync(name)).getPixel(5, 0);
  console.log(`  colour in ${layout}: ${right ? "right" : "wrong"}, starts with ${data.slice(0, 12).join(", ")}; ${100 * zeros} % is 0; image-js: ${pixel.join(", ")}`);
  assert.equal(right, layout === "strips");
  assert.equal(zeros, layout === "strips" ? 0 : 0.75);
  assert.equal(pixel[3], layout === "strips" ? 128 : 0);
  const grey = read(`grey_${layout}.tif`).data;
  assert.ok(grey.every((level, index) => level === index % 251));
}
const half = read("float16.tif").data;
const shown = imageJs.decode(readFileSync("float16.tif"));
console.log("  floats of 0.5 and 1:", read("float32.tif").data.slice(0, 2).join(", "), "- half floats:", half.slice(0, 2).join(", "), "- image-js:", shown.colorModel, shown.bitDepth, shown.getPixel(1, 0)[0]);
assert.deepEqual([...read("float32.tif").data.slice(0, 2)], [0.5, 1]);
assert.ok(half instanceof Uint16Array && half[0] === 14336 && half[1] === 15360);
assert.ok(shown.bitDepth === 16 && shown.getPixel(1, 0)[0] === 15360);
NODE
node seen.mjs
