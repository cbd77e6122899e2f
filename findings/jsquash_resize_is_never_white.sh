#!/usr/bin/env bash
# @jsquash/resize, Squoosh's scaler for web workers and edge services, makes no white with its defaults: a flat picture of 255 is 254, and
# 254 is 253 in places, for it goes through linear light and cuts instead of rounding; 211 of the 256 greys come back lower, and each
# pass takes more. A matte is nowhere white after it, so that a test for 255 finds no subject; alpha itself stays 255. With
# linearRGB: false white is white and other levels still lose one here and there. Linear light also averages a matte as if it were
# light: an edge of (222, 32) is (239, 100), the subject grows. And the option premultiply, true by default, is not looked at by the
# magicKernel methods: a cut-out with black under alpha 0 gets a dark rim, (155, 77, 38) for (200, 100, 50) at alpha 198. No message.
# Seen with @jsquash/resize 2.1.1; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @jsquash/resize@2.1.1
cat > check.mjs <<'NODE'
import assert from "node:assert";
import { readFileSync } from "node:fs";

globalThis.ImageData = class {
  constructor(data, width, height) {
    Object.assign(this, { data, width, height });
  }
};
const { default: resize, initResize, initMagicKernel } = await import("@jsquash/resize/index.js");
const folder = "node_modules/@jsquash/resize/";
const compiled = (name) => WebAssembly.compile(readFileSync(folder + "lib/" + name));
await initResize(await compiled("resize/pkg/squoosh_resize_bg.wasm"));
await initMagicKernel(await compiled("magic-kernel/pkg/jsquash_magic_kernel_bg.wasm"));
console.log("@jsquash/resize", JSON.parse(readFileSync(folder + "package.json")).version);

const SIZE = 32;

/** A picture whose RGBA pixel depends on its column. */
function picture(pixel) {
  const data = new Uint8ClampedArray(SIZE * SIZE * 4);
  for (let place = 0; place < SIZE * SIZE; place++) data.set(pixel(place % SIZE), place * 4);
  return new ImageData(data, SIZE, SIZE);
}

const reds = (image) => [...image.data].filter((_, place) => place % 4 === 0);
const grey = (level) => picture(() => [level, level, level, 255]);
for (const [linearRGB, white, fewest] of [[true, 254, 200], [false, 255, 1]]) {
  let changed = 0;
  for (let level = 0; level < 256; level++) {
    const found = reds(await resize(grey(level), { width: 16, height: 16, linearRGB }));
    assert(found.every((other) => other <= level));
    changed += found.some((other) => other < level);
    if (level === 255) assert(found.every((other) => other === white));
  }
  console.log(`linearRGB ${linearRGB}: a flat 255 becomes ${white}, ${changed} of 256 greys are lower somewhere`);
  assert(changed >= fewest);
}
let passed = grey(255);
for (let pass = 0; pass < 10; pass++) passed = await resize(passed, { width: pass % 2 ? SIZE : SIZE / 2, height: pass % 2 ? SIZE : SIZE / 2 });
console.log("flat 255 after ten passes:", [...new Set(reds(passed))]);
assert(reds(passed).every((level) => level < 254));
assert((await resize(grey(255), { width: 16, height: 16 })).data.every((level, place) => place % 4 !== 3 || level === 255));
const edge = picture((column) => (column < SIZE / 2 ? [255, 255, 255, 255] : [0, 0, 0, 255]));
for (const [linearRGB, right] of [[true, [239, 100]], [false, [222, 32]]]) {
  const found = reds(await resize(edge, { width: 48, height: 48, linearRGB })).slice(23, 25);
  console.log(`a matte's edge, linearRGB ${linearRGB}:`, found);
  assert(found.every((level, place) => Math.abs(level - right[place]) <= 2));
}
const cutOut = picture((column) => (column < SIZE / 2 ? [200, 100, 50, 255] : [0, 0, 0, 0]));
for (const [method, alpha, colour] of [["mitchell", 212, [200, 100, 50]], ["magicKernel", 198, [155, 77, 38]]]) {
  const { data } = await resize(cutOut, { width: 48, height: 48, method, premultiply: true });
  const place = data.findIndex((level, index) => index % 4 === 3 && level === alpha);
  const found = [...data.subarray(place - 3, place + 1)];
  console.log(`${method}, premultiply true, at the cut-out's edge:`, found);
  assert(place > 0 && colour.every((level, channel) => Math.abs(found[channel] - level) <= 2));
}
NODE
node check.mjs
