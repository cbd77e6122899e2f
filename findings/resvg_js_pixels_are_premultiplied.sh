#!/usr/bin/env bash
# resvg-js, with which Node services draw SVG titles and lower thirds, has two ways to its picture that differ: asPng() holds straight
# colour, `pixels`, "the RGBA pixels of the image", colour multiplied by alpha. A fill of (200, 100, 50) at half opacity is
# (200, 100, 50) at 128 in the one and (100, 50, 25) at 128 in the other. Given to sharp, pngjs, a canvas' ImageData or FFmpeg as
# rgba, which all mean straight colour, the quicker way has dark antialiased edges and dark fades; opaque areas are the same. No
# message. sharp takes such pixels with raw.premultiplied, FFmpeg by its unpremultiply filter. Seen with @resvg/resvg-js 2.6.2,
# pngjs 7.0.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @resvg/resvg-js@2.6.2 pngjs@7.0.0
cat > check.mjs <<'NODE'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";
import { PNG } from "pngjs";

console.log("resvg-js", JSON.parse(readFileSync("node_modules/@resvg/resvg-js/package.json")).version);
const near = (found, right) => found.every((level, place) => Math.abs(level - right[place]) <= 1);
for (const opacity of [1, 0.5, 0.1]) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">
    <rect width="16" height="16" fill="rgb(200,100,50)" fill-opacity="${opacity}"/></svg>`;
  const drawn = new Resvg(svg).render();
  const pixels = [...drawn.pixels.subarray(0, 4)];
  const png = [...PNG.sync.read(drawn.asPng()).data.subarray(0, 4)];
  console.log(`opacity ${opacity}: asPng`, png, "pixels", pixels);
  const alpha = Math.round(255 * opacity);
  assert(near(pixels, [...[200, 100, 50].map((level) => (level * alpha) / 255), alpha]));
  assert(Math.abs(png[3] - alpha) <= 1 && png.slice(0, 3).every((level, place) => Math.abs(level - [200, 100, 50][place]) <= 6));
}
NODE
node check.mjs
