#!/usr/bin/env bash
# geotiff.js, the TIFF reader of maps and viewers in a browser, resizes what it reads when width and height are given, and takes the place of an
# output pixel as index times factor, without the half that is between corner and centre: a matte twice as large stands half an output pixel
# further left than the picture that a browser, Pillow or OpenCV enlarged, four times one and a half, seven times three, so that alpha and
# colour part and a rim appears; "nearest" is rounded from there and is off in the same way. "bilinear" does not average when it reduces: to a fifth,
# a hair of one pixel is kept whole or missed wholly, by its place. Bytes are cut, not rounded (127 for 127.5). No message, and the
# documentation names the methods only. Read at full size and resize outside. Seen with geotiff 3.0.5; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund geotiff@3.0.5
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fromArrayBuffer, writeArrayBuffer } from "geotiff";

console.log("geotiff", JSON.parse(readFileSync("node_modules/geotiff/package.json", "utf8")).version);
const WIDTH = 20;
const HEIGHT = 10;

/** A row of a matte, all rows alike, through a file and a resize. */
async function resized(row, width, resampleMethod) {
  const matte = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, index) => row[index % WIDTH]);
  const image = await (await fromArrayBuffer(await writeArrayBuffer(matte, { width: WIDTH, height: HEIGHT }))).getImage();
  const [band] = await image.readRasters({ width, height: HEIGHT, resampleMethod });
  return Array.from(band.slice(0, width));
}

const edge = Array.from({ length: WIDTH }, (_, column) => (column < 10 ? 0 : 255));
for (const factor of [2, 4, 7]) {
  for (const method of ["nearest", "bilinear"]) {
    const row = await resized(edge, WIDTH * factor, method);
    // The edge is where the covered part begins, a partial pixel counted by its level.
    const place = row.length - row.reduce((sum, level) => sum + level / 255, 0);
    const right = 10 * factor;
    console.log(`  ${factor} times, ${method}: the edge is at ${place.toFixed(2)}, right is ${right}: ${row.slice(right - factor, right + 2)}`);
    assert.ok(Math.abs(right - place - (factor - 1) / 2) < 0.51 && right - place > 0.49);
    // The right one, from centre to centre, by hand: symmetrical about the edge.
    const levels = row.map((_, column) => 255 * Math.min(1, Math.max(0, (column + 0.5) / factor - 9.5)));
    const centred = levels.length - levels.reduce((sum, level) => sum + level / 255, 0);
    assert.ok(Math.abs(centred - right) < 1e-6);
  }
}
assert.deepEqual((await resized(edge, 2 * WIDTH, "bilinear")).slice(18, 21), [0, 127, 255]);

const seen = [];
for (let place = 5; place < 10; place += 1) {
  const hair = Array.from({ length: WIDTH }, (_, column) => (column === place ? 255 : 0));
  seen.push(Math.max(...(await resized(hair, WIDTH / 5, "bilinear"))));
}
console.log("  a hair reduced to a fifth, at five places:", seen.join(" "), "- an average is 51 in each");
assert.deepEqual(seen, [255, 0, 0, 0, 0]);
NODE
node seen.mjs
