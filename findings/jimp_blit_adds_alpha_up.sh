#!/usr/bin/env bash
# Jimp's blit, which sounds like a copy, and contain and print, which draw with it, mix by a rule of their own: alphas are added, so that two
# layers of alpha 128 are opaque, where 191 is right, and the colours are weighed by the upper alpha alone. A cut-out brought to another
# format by contain() is darkened at its soft edges, (200, 100, 50) at alpha 128 is (100, 50, 25) at 128, though nothing was
# scaled and the canvas is empty. composite() mixes rightly, but rounds down: an opaque picture has alpha 254 after a layer of alpha
# 200 was laid on it, and so with 53 of the 255 levels, so that what tests for 255 finds a hole in the shape of the layer. mask()
# reads colour alone: a matte in the alpha of a white or black picture is no matte. No message; opaque layers are right. The same
# layers in sharp are 191 or 192 and 255. Seen with Jimp 1.6.1, sharp 0.35.5; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund jimp@1.6.1 sharp@0.35.5
cat > seen.cjs <<'NODE'
const assert = require("node:assert/strict");
const { Jimp } = require("jimp");
const sharp = require("sharp");

console.log("Jimp", require("jimp/package.json").version);

/** A flat picture. */
function flat(colour, width = 4, height = 4) {
  const image = new Jimp({ width, height, color: 0 });
  image.scan((x, y, place) => image.bitmap.data.set(colour, place));
  return image;
}
const pixel = (image, x = 1, y = 1) => [...image.bitmap.data.subarray(4 * (y * image.bitmap.width + x), 4 * (y * image.bitmap.width + x) + 4)];
const subject = (alpha) => [200, 100, 50, alpha];

/** Two layers by blit, by composite and by sharp. */
async function layers(lower, upper) {
  const raw = { width: 4, height: 4, channels: 4 };
  const over = { input: Buffer.from(flat(upper).bitmap.data), raw };
  const beside = await sharp(Buffer.from(flat(lower).bitmap.data), { raw }).composite([over]).raw().toBuffer();
  return [pixel(flat(lower).blit({ src: flat(upper), x: 0, y: 0 })), pixel(flat(lower).composite(flat(upper), 0, 0)), [...beside.subarray(0, 4)]];
}

(async () => {
  for (const [lower, upper, blit, right] of [
    [subject(255), subject(255), 255, 255],
    [subject(128), subject(128), 255, 191],
    [subject(64), subject(64), 128, 111],
    [subject(128), subject(64), 192, 159],
  ]) {
    const seen = await layers(lower, upper);
    console.log(`alpha ${upper[3]} on ${lower[3]}: blit ${seen[0]}, composite ${seen[1]}, sharp ${seen[2]}`);
    assert.equal(seen[0][3], blit);
    for (const other of seen.slice(1)) assert.ok(Math.abs(other[3] - right) <= 1);
  }
  const [blitted, composed, beside] = await layers([0, 0, 0, 0], subject(128));
  console.log(`alpha 128 on nothing: blit ${blitted}, composite ${composed}, sharp ${beside}`);
  assert.deepEqual(blitted, [100, 50, 25, 128]);
  for (const other of [composed, beside]) other.forEach((value, place) => assert.ok(Math.abs(value - subject(128)[place]) <= 1));
  for (const alpha of [255, 128]) {
    const wide = flat(subject(alpha), 16, 16).contain({ w: 32, h: 16 });
    console.log(`contain, 16 x 16 in 32 x 16, alpha ${alpha}:`, pixel(wide, 16, 8).join());
    assert.deepEqual(pixel(wide, 16, 8), alpha === 255 ? subject(255) : [100, 50, 25, 128]);
  }

  const holes = [];
  for (let alpha = 1; alpha < 256; alpha++) if (pixel(flat(subject(255)).composite(flat(subject(alpha)), 0, 0))[3] !== 255) holes.push(alpha);
  console.log("composite on an opaque picture, levels of alpha that leave less than 255:", holes.length, "of 255");
  assert.ok(holes.length === 53 && holes.includes(200));
  assert.equal((await layers(subject(255), subject(200)))[2][3], 255);

  const masked = (colour) => pixel(flat(subject(255)).mask(flat(colour), 0, 0))[3];
  const [white, half, none, black] = [[255, 255, 255, 255], [255, 255, 255, 128], [255, 255, 255, 0], [0, 0, 0, 255]].map(masked);
  console.log(`mask, white of alpha 255, 128, 0 and black: ${white}, ${half}, ${none}, ${black}`);
  assert.deepEqual([white, half, none, black], [255, 255, 255, 0]);
})();
NODE
node seen.cjs
