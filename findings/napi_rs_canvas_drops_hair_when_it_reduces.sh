#!/usr/bin/env bash
# @napi-rs/canvas, the canvas of many Node services, does not average when drawImage makes a picture smaller: its imageSmoothingQuality is
# "low", which takes two neighbours and leaves out the rest. Of a matte with a white line in every fourth column nothing is left at
# a quarter of the size, alpha 0 everywhere, where a quarter, 64, is right; with the lines two columns further on everything is
# half opaque. A thumbnail, a proxy or a network's input so has hair that comes and goes from frame to frame. "medium" averages, and
# gives 63 in both cases, and so does "high"; sharp's resize gives 64. The HTML standard leaves it to the program what
# "low" means. No message; enlarging, and reducing to a half, hide it. Seen with @napi-rs/canvas 1.1.1, sharp 0.35.5; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @napi-rs/canvas@1.1.1 sharp@0.35.5
cat > check.cjs <<'NODE'
const assert = require("node:assert/strict");
const { createCanvas } = require("@napi-rs/canvas");
const sharp = require("sharp");

/** A white line in every fourth column, beginning at one of them, on a transparent canvas. */
function lines(first) {
  const canvas = createCanvas(64, 64);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  for (let column = first; column < 64; column += 4) context.fillRect(column, 0, 1, 64);
  return canvas;
}

/** Alpha of the middle row, reduced to a width. */
function reduced(canvas, width, quality) {
  const context = createCanvas(width, width).getContext("2d");
  if (quality) context.imageSmoothingQuality = quality;
  context.drawImage(canvas, 0, 0, width, width);
  const { data } = context.getImageData(0, width / 2, width, 1);
  return Array.from({ length: width }, (_, column) => data[4 * column + 3]).slice(1, -1);
}

(async () => {
  console.log("@napi-rs/canvas", require("./node_modules/@napi-rs/canvas/package.json").version);
  assert.equal(createCanvas(1, 1).getContext("2d").imageSmoothingQuality, "low");
  for (const [first, expected] of [[0, 0], [2, 128]]) {
    const canvas = lines(first);
    const by = Object.fromEntries([undefined, "low", "medium", "high"].map((quality) => [quality ?? "default", reduced(canvas, 16, quality)]));
    for (const [quality, alphas] of Object.entries(by)) console.log(`lines from ${first}, ${quality}: ${[...new Set(alphas)].join(", ")}`);
    for (const quality of ["default", "low"]) assert.ok(by[quality].every((alpha) => Math.abs(alpha - expected) <= 2), quality);
    for (const quality of ["medium", "high"]) assert.ok(by[quality].every((alpha) => Math.abs(alpha - 64) <= 3), quality);
    assert.ok(reduced(canvas, 32).every((alpha, column, all) => Math.abs(alpha + (all[column + 1] ?? 128 - alpha) - 128) <= 2));
    const { data } = await sharp(canvas.toBuffer("image/png")).resize(16, 16, { kernel: "linear" }).raw().toBuffer({ resolveWithObject: true });
    const beside = Array.from({ length: 14 }, (_, column) => data[4 * (8 * 16 + column + 1) + 3]);
    console.log("  sharp:", [...new Set(beside)].join(", "));
    assert.ok(beside.every((alpha) => alpha > 30 && alpha < 100));
  }
})();
NODE
node check.cjs
