#!/usr/bin/env bash
# PureImage, the canvas in plain JavaScript for Node, does not add up partly transparent layers: the result has the larger alpha of both,
# so that a soft edge drawn over a soft edge is as transparent as before, 0.5 over 0.5 is 0.5 instead of 0.75, and two mattes that
# meet leave a gap. globalAlpha is taken and has no effect on fillRect or drawImage: a fade at 0.5 is opaque. No message; the colour is
# right, and over an opaque background all but globalAlpha is, within a level. A browser's canvas, and @napi-rs/canvas here, give
# 0.75. Seen with pureimage 0.4.20, @napi-rs/canvas 1.1.1; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund pureimage@0.4.20 @napi-rs/canvas@1.1.1
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createCanvas } from "@napi-rs/canvas";
import * as pureimage from "pureimage";

console.log("pureimage", JSON.parse(readFileSync("node_modules/pureimage/package.json")).version);
const red = (alpha) => `rgba(200, 100, 50, ${alpha})`;
const blue = (alpha) => `rgba(0, 0, 255, ${alpha})`;

/** The middle pixel after some layers were drawn. */
function drawn(make, layers, globalAlpha = 1) {
  const canvas = make(16, 16);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, 16, 16);
  context.globalAlpha = globalAlpha;
  for (const layer of layers) {
    if (typeof layer === "string") {
      context.fillStyle = layer;
      context.fillRect(0, 0, 16, 16);
    } else context.drawImage(layer(make), 0, 0, 16, 16);
  }
  return Array.from(context.getImageData(8, 8, 1, 1).data);
}

function opaque(make) {
  const canvas = make(16, 16);
  const context = canvas.getContext("2d");
  context.fillStyle = red(1);
  context.fillRect(0, 0, 16, 16);
  return canvas;
}

function show(name, ...how) {
  const [seen, right] = [pureimage.make, createCanvas].map((make) => drawn(make, ...how));
  console.log(`${name}: ${seen}; @napi-rs/canvas: ${right}`);
  return [seen, right];
}

let [seen, right] = show("0.5 over 0.5", [red(0.5), red(0.5)]);
assert.ok(seen[3] === 127 && Math.abs(right[3] - 191) <= 1);
[seen, right] = show("blue 0.75 over red 0.25", [red(0.25), blue(0.75)]);
assert.ok(seen[3] === 191 && Math.abs(right[3] - 207) <= 1);
[seen, right] = show("blue 0.5 over opaque red", [red(1), blue(0.5)]);
assert.ok(seen.every((value, place) => Math.abs(value - right[place]) <= 1));
[seen, right] = show("fillRect at globalAlpha 0.5", [red(1)], 0.5);
assert.ok(seen[3] === 255 && Math.abs(right[3] - 128) <= 1);
[seen, right] = show("drawImage at globalAlpha 0.5", [opaque], 0.5);
assert.ok(seen[3] === 255 && Math.abs(right[3] - 128) <= 1);
NODE
node seen.mjs
