#!/usr/bin/env bash
# geotiff.js's readRGB, which makes of any TIFF what a canvas can show, computes with 256 where the largest byte is 255 and puts the result into a byte: of a grey picture in which
# 0 is white (WhiteIsZero, as scanners and fax write them, masks of two levels often) white is 256, wraps around, and is 0, black, while every other
# level is one too bright, black 1. A float matte of 0 to 1 is divided by 2 to the power of 32 and is black all over. Grey with alpha loses
# the alpha even with enableAlpha, which is heeded for RGB alone, and there premultiplied colour stays premultiplied, (100, 50, 25) at 128
# for (200, 100, 50). No message. readRasters gives the numbers of the file: turn them oneself. Seen with geotiff 3.0.5; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund geotiff@3.0.5
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fromArrayBuffer } from "geotiff";

console.log("geotiff", JSON.parse(readFileSync("node_modules/geotiff/package.json", "utf8")).version);

/** A little-endian TIFF of one row in one strip: extra is 1 for premultiplied and 2 for straight alpha. */
function tiff(pixels, { width, bits, format = 1, photometric, extra }) {
  const samples = (8 * pixels.byteLength) / bits / width;
  const tags = [
    [256, [width]], [257, [1]], [258, Array(samples).fill(bits)], [259, [1]], [262, [photometric]], [273, [0]],
    [277, [samples]], [278, [1]], [279, [pixels.byteLength]], ...(extra ? [[338, [extra]]] : []), [339, Array(samples).fill(format)],
  ];
  const table = 10 + 12 * tags.length + 4;
  const bytes = Buffer.alloc(table + 4 * 8 + pixels.byteLength);
  bytes.write("II*\0", "latin1");
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(tags.length, 8);
  let more = table;
  tags.forEach(([tag, values], index) => {
    const at = 10 + 12 * index;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(3, at + 2);
    bytes.writeUInt32LE(values.length, at + 4);
    if (values.length > 2) bytes.writeUInt32LE(more, at + 8);
    values.forEach((value, place) => bytes.writeUInt16LE(tag === 273 ? table + 32 : value, (values.length > 2 ? more : at + 8) + 2 * place));
    if (values.length > 2) more += 2 * values.length;
  });
  Buffer.from(pixels.buffer).copy(bytes, table + 32);
  return new Uint8Array(bytes).buffer;
}

async function seen(file) {
  const image = await (await fromArrayBuffer(file)).getImage();
  const rgb = await image.readRGB({ enableAlpha: true, interleave: true });
  return { rgb: [...rgb], raw: [...(await image.readRasters({ interleave: true }))] };
}

const grey = await seen(tiff(Uint8Array.of(0, 1, 128, 255), { width: 4, bits: 8, photometric: 1 }));
const white = await seen(tiff(Uint8Array.of(0, 1, 128, 255), { width: 4, bits: 8, photometric: 0 }));
const levels = (found) => [0, 1, 2, 3].map((pixel) => found.rgb[3 * pixel]);
console.log("  0, 1, 128, 255, 0 is black:", levels(grey).join(", "), "- 0 is white:", levels(white).join(", "), "- right: 255, 254, 127, 0");
assert.deepEqual(levels(grey), [0, 1, 128, 255]);
assert.deepEqual(levels(white), [0, 255, 128, 1]);

const float = await seen(tiff(Float32Array.of(0, 0.5, 1), { width: 3, bits: 32, format: 3, photometric: 1 }));
console.log("  floats of 0, 0.5 and 1:", [0, 3, 6].map((place) => float.rgb[place]).join(", "), "- numbers:", float.raw.join(", "));
assert.ok(float.rgb.every((level) => level === 0) && float.raw.join() === "0,0.5,1");

const half = await seen(tiff(Uint8Array.of(200, 128), { width: 1, bits: 8, photometric: 1, extra: 2 }));
const straight = await seen(tiff(Uint8Array.of(200, 100, 50, 128), { width: 1, bits: 8, photometric: 2, extra: 2 }));
const multiplied = await seen(tiff(Uint8Array.of(100, 50, 25, 128), { width: 1, bits: 8, photometric: 2, extra: 1 }));
console.log("  grey with alpha:", half.rgb.join(", "), "- straight:", straight.rgb.join(", "), "- premultiplied:", multiplied.rgb.join(", "));
assert.deepEqual([half.rgb, half.raw], [[200, 200, 200], [200, 128]]);
assert.deepEqual([straight.rgb, multiplied.rgb], [[200, 100, 50, 128], [100, 50, 25, 128]]);
NODE
node seen.mjs
