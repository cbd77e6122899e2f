#!/usr/bin/env bash
# gifenc, the GIF encoder of web pages, decides by colour what is transparent. quantize gives everything transparent one palette entry,
# (0, 0, 0, 0), but applyPalette looks for the nearest entry in colour and alpha alike, and hidden colour counts: a bright foreground whose
# colour goes on under alpha 0, as straight mattes have it, is nearer to itself, opaque, than to transparent black. A cut-out of
# (220, 180, 150), a face, comes out as a full rectangle; one of (200, 100, 50) is right. With and without oneBitAlpha; black under
# alpha 0 hides it, as every canvas gives it. No message. Clearing the colour there first is right. Seen with gifenc 1.0.3, omggif
# 1.0.10 as the reader; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund gifenc@1.0.3 omggif@1.0.10
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import gifenc from "gifenc";
import omggif from "omggif";

const size = 64;
const version = JSON.parse(readFileSync("node_modules/gifenc/package.json")).version;
console.log("gifenc", version);

/** RGBA of a disc of one colour, cut out hard; hidden is what lies under alpha 0. */
function cutout(colour, hidden) {
  const pixels = new Uint8Array(4 * size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const inside = Math.hypot(x - 32, y - 32) < 20;
      pixels.set(inside ? [...colour, 255] : [...hidden, 0], 4 * (y * size + x));
    }
  return pixels;
}

/** Share of opaque pixels after a GIF was written and read again. */
function opaqueShare(pixels, options) {
  const format = "rgba4444";
  const palette = gifenc.quantize(pixels, 256, { format, ...options });
  const index = gifenc.applyPalette(pixels, palette, format);
  const transparentIndex = palette.findIndex((entry) => entry[3] === 0);
  assert.ok(transparentIndex >= 0);
  const gif = gifenc.GIFEncoder();
  gif.writeFrame(index, size, size, { palette, transparent: true, transparentIndex });
  gif.finish();
  const seen = new Uint8Array(4 * size * size);
  new omggif.GifReader(Buffer.from(gif.bytes())).decodeAndBlitFrameRGBA(0, seen);
  return seen.filter((value, place) => place % 4 === 3 && value === 255).length / (size * size);
}

for (const options of [{}, { oneBitAlpha: true }])
  for (const colour of [[200, 100, 50], [220, 180, 150], [240, 240, 240]]) {
    const given = cutout(colour, colour).filter((value, place) => place % 4 === 3 && value).length / (size * size);
    const [straight, cleared] = [colour, [0, 0, 0]].map((hidden) => opaqueShare(cutout(colour, hidden), options));
    const percent = [given, straight, cleared].map((share) => (100 * share).toFixed(1));
    console.log(`${colour} ${JSON.stringify(options)}: ${percent[0]} % given, ${percent[1]} % opaque in the GIF, ${percent[2]} % over hidden black`);
    assert.equal(cleared, given);
    assert.equal(straight, colour[1] > 100 ? 1 : given);
  }
NODE
node seen.mjs
