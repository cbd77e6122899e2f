#!/usr/bin/env bash
# Two GIF writers for Node take everything that is not wholly transparent for opaque: GIF has no partial alpha, and @napi-rs/canvas
# (toBuffer("image/gif")) and gifwrap (Jimp's) draw the line at 1 of 255, where FFmpeg's paletteuse and gifenc's oneBitAlpha draw it
# near half. A matte of a network is seldom 0 everywhere: a haze of 1 in 255, which no other format shows, is a full rectangle in
# the GIF, and a soft edge grows by its whole width, with colour that stands for nothing at alpha 1. No message; a hard mask
# hides it. Cutting alpha at 128 first is right. Seen with @napi-rs/canvas 1.1.1, gifwrap 0.10.1, gifenc 1.0.3, omggif 1.0.10
# as the reader; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @napi-rs/canvas@1.1.1 gifwrap@0.10.1 gifenc@1.0.3 omggif@1.0.10
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createCanvas } from "@napi-rs/canvas";
import gifenc from "gifenc";
import gifwrap from "gifwrap";
import omggif from "omggif";

const size = 64;
for (const name of ["@napi-rs/canvas", "gifwrap", "gifenc"])
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);

const writers = {
  "@napi-rs/canvas": (pixels) => {
    const canvas = createCanvas(size, size);
    const context = canvas.getContext("2d");
    const picture = context.createImageData(size, size);
    picture.data.set(pixels);
    context.putImageData(picture, 0, 0);
    return canvas.toBuffer("image/gif");
  },
  gifwrap: async (pixels) => {
    const frame = new gifwrap.GifFrame(new gifwrap.BitmapImage(size, size, Buffer.from(pixels)));
    gifwrap.GifUtil.quantizeDekker(frame, 256);
    return (await new gifwrap.GifCodec().encodeGif([frame])).buffer;
  },
  "gifenc, oneBitAlpha": (pixels) => {
    const format = "rgba4444";
    const palette = gifenc.quantize(pixels, 256, { format, oneBitAlpha: true });
    const transparentIndex = palette.findIndex((entry) => entry[3] === 0);
    const gif = gifenc.GIFEncoder();
    gif.writeFrame(gifenc.applyPalette(pixels, palette, format), size, size, { palette, transparent: true, transparentIndex });
    gif.finish();
    return Buffer.from(gif.bytes());
  },
};

/** A square of (90, 60, 40), its alpha given by distance from the middle. */
function picture(alpha) {
  const pixels = new Uint8Array(4 * size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) pixels.set([90, 60, 40, alpha(Math.hypot(x - 32, y - 32))], 4 * (y * size + x));
  return pixels;
}

const pictures = {
  "hard mask": picture((distance) => (distance < 16 ? 255 : 0)),
  "soft edge": picture((distance) => Math.round(255 * Math.max(0, Math.min(1, (22 - distance) / 12)))),
  "haze of 1": picture((distance) => (distance < 16 ? 255 : 1)),
};
for (const [name, write] of Object.entries(writers))
  for (const [kind, pixels] of Object.entries(pictures)) {
    const seen = new Uint8Array(4 * size * size);
    new omggif.GifReader(await write(pixels)).decodeAndBlitFrameRGBA(0, seen);
    const count = (values, least) => values.filter((value, place) => place % 4 === 3 && value >= least).length;
    const [half, some, opaque] = [count(pixels, 128), count(pixels, 1), count(seen, 255)];
    console.log(`${name}, ${kind}: ${half} pixels of at least half, ${some} above 0; ${opaque} opaque in the GIF`);
    if (name.startsWith("gifenc")) assert.ok(Math.abs(opaque - half) <= 0.15 * half);
    else assert.equal(opaque, some);
  }
NODE
node seen.mjs
