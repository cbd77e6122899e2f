#!/usr/bin/env bash
# sharp (libvips for Node) runs its steps in an order of its own, which turns the plain ways of giving a picture a matte into
# others, without an error. removeAlpha().joinChannel(matte) is opaque: the alpha is removed last, the new one with it.
# joinChannel(matte) on a picture with alpha writes a PNG with the old alpha. With resize before or after it the picture is
# scaled and the matte is not: for a smaller picture its middle is cut out, for a larger one the rest is transparent. In two
# passes, the second on raw pixels, all is right. Seen with sharp 0.35.5 (libvips 8.18.7); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund sharp@0.35.5
node --input-type=module - <<'NODE'
import assert from "node:assert";
import sharp from "sharp";

console.log("sharp", sharp.versions.sharp, "libvips", sharp.versions.vips);
const SIZE = 64;
const raw = (channels, side = SIZE) => ({ raw: { width: side, height: side, channels } });
const colour = Buffer.alloc(SIZE * SIZE * 3, 200);
const cutOut = Buffer.alloc(SIZE * SIZE * 4, 200);
const matte = Buffer.alloc(SIZE * SIZE);
for (let i = 0; i < matte.length; i++) matte[i] = 4 * (i % SIZE);

async function alphas(image, columns) {
  const png = await image.png().toBuffer();
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return info.channels === 4 ? columns.map((x) => data[(5 * info.width + x) * 4 + 3]) : "no alpha";
}

const columns = [0, 8, 16, 31];
const seen = {
  "RGB, joinChannel": await alphas(sharp(colour, raw(3)).joinChannel(matte, raw(1)), columns),
  "RGBA, removeAlpha, joinChannel": await alphas(sharp(cutOut, raw(4)).removeAlpha().joinChannel(matte, raw(1)), columns),
  "RGBA, joinChannel": await alphas(sharp(cutOut, raw(4)).joinChannel(matte, raw(1)), columns),
  "RGB, resize to half, joinChannel": await alphas(sharp(colour, raw(3)).resize(32, 32).joinChannel(matte, raw(1)), columns),
  "RGB, joinChannel, resize to half": await alphas(sharp(colour, raw(3)).joinChannel(matte, raw(1)).resize(32, 32), columns),
  "RGB, joinChannel, resize to double, at 0, 31, 64, 127": await alphas(
    sharp(colour, raw(3)).joinChannel(matte, raw(1)).resize(128, 128), [0, 31, 64, 127]),
};
const joined = await sharp(colour, raw(3)).joinChannel(matte, raw(1)).raw().toBuffer();
seen["in two passes, resize to half"] = await alphas(sharp(joined, raw(4)).resize(32, 32, { kernel: "linear" }), columns);
for (const [name, values] of Object.entries(seen)) console.log(name, values);

const [plain, removed, twice, before, after, larger, passes] = Object.values(seen);
assert.deepEqual(plain, columns.map((x) => 4 * x));
assert.equal(removed, "no alpha");
assert.deepEqual(twice, [200, 200, 200, 200]);
assert.deepEqual(before, columns.map((x) => 4 * (x + 16)));
assert.deepEqual(after, before);
assert.deepEqual(larger, [0, 124, 0, 0]);
columns.forEach((x, at) => assert.ok(Math.abs(passes[at] - (8 * x + 2)) <= 3, String(passes)));
NODE
