#!/usr/bin/env bash
# TensorFlow.js turns pictures about a point that is half a pixel off: image.rotateWithOffset (and pipelines built on it) takes
# width / 2 and height / 2 for the middle, while its pixels are counted from 0. By 180 degrees the picture comes back a pixel further
# down and to the right, its first row and column are fill and the last ones are gone; by 90 degrees it is a row down, and four
# quarter turns have lost the first row and column. A mask that was turned so does not fit a picture that was turned by numpy.rot90,
# a canvas or FFmpeg, which lose nothing. A turn by 0 is exact, so that a first test
# passes. No message. Seen with TensorFlow.js 4.22.0 (tfjs-core, tfjs-backend-cpu); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0
cat > check.cjs <<'NODE'
const assert = require("node:assert");
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");

const SIZE = 4;
const FILL = -1;
const levels = [...Array(SIZE * SIZE).keys()];

function turned(picture, degrees) {
  const tensor = tf.tensor4d(picture, [1, SIZE, SIZE, 1]);
  return [...tf.image.rotateWithOffset(tensor, (degrees * Math.PI) / 180, FILL).dataSync()];
}

function rows(picture) {
  return Array.from({ length: SIZE }, (_, row) => picture.slice(row * SIZE, (row + 1) * SIZE));
}

async function main() {
  await tf.ready();
  console.log("TensorFlow.js", tf.version_core);
  assert.deepEqual(turned(levels, 0), levels);
  const half = turned(levels, 180);
  console.log("by 180 degrees:", JSON.stringify(rows(half)));
  const right = rows([...levels].reverse());
  rows(half).forEach((row, y) => row.forEach((level, x) => assert.equal(level, y && x ? right[y - 1][x - 1] : FILL)));
  const quarter = turned(levels, 90);
  console.log("by 90 degrees:", JSON.stringify(rows(quarter)));
  assert.equal(quarter.filter((level) => level === FILL).length, SIZE);
  let picture = levels;
  for (let turn = 0; turn < 4; turn++) picture = turned(picture, 90);
  console.log("after four quarter turns:", JSON.stringify(rows(picture)));
  rows(picture).forEach((row, y) => row.forEach((level, x) => assert.equal(level, y && x ? levels[y * SIZE + x] : FILL)));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
NODE
node check.cjs
