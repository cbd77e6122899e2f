#!/usr/bin/env bash
# ONNX Runtime's tensors for web pages turn into pictures in two ways that disagree. toDataURL writes each pixel as a CSS colour whose alpha runs to 1, and
# gives it the 0 to 255 of toImageData: every alpha from 1 on is opaque, so that hair and a haze of 1 level are solid and only 0 is left out. A mean of three
# numbers, for an RGBA tensor, makes alpha 0 all over there, where toImageData keeps it. A matte of one channel is black in the data URL, whatever it
# holds, and red in toImageData. norm.bias is added when a picture is read and divided by mean with it, but taken away before mean is multiplied
# on the way back: with mean 127.5 and bias -127.5, the usual -1 to 1, white comes out as white and black is grey 16256, cut to white. No message,
# nothing of it in the documented options. Take toImageData without norm, and fill the three colours of a matte. Seen with onnxruntime-common 1.30.0,
# which is what onnxruntime-web and onnxruntime-node export, @napi-rs/canvas 1.1.1 as the page's canvas; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund onnxruntime-common@1.30.0 @napi-rs/canvas@1.1.1
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createCanvas, Image, ImageData } from "@napi-rs/canvas";

// What a page has: a document that makes canvases.
globalThis.document = { createElement: () => createCanvas(1, 1) };
globalThis.HTMLCanvasElement = createCanvas(1, 1).constructor;
globalThis.ImageData = ImageData;
const { Tensor } = await import("onnxruntime-common");
console.log("onnxruntime-common", JSON.parse(readFileSync("node_modules/onnxruntime-common/package.json", "utf8")).version);

async function pixelsOf(url, width) {
  const picture = new Image();
  picture.src = Buffer.from(url.split(",")[1], "base64");
  await picture.decode();
  const context = createCanvas(width, 1).getContext("2d");
  context.drawImage(picture, 0, 0);
  return [...context.getImageData(0, 0, width, 1).data];
}
const every = (channel, values) => values.filter((_, index) => index % 4 === channel);

const LEVELS = [0, 1, 2, 64, 128, 254, 255];
const WIDTH = LEVELS.length;
const cutOut = new Tensor("float32", Float32Array.from([200, 100, 50].flatMap((level) => LEVELS.map(() => level / 255)).concat(LEVELS.map((level) => level / 255))), [1, 4, 1, WIDTH]);
const kept = every(3, [...cutOut.toImageData({ format: "RGBA" }).data]);
const url = every(3, await pixelsOf(cutOut.toDataURL({ format: "RGBA" }), WIDTH));
console.log("  alphas, toImageData:", kept.join(" "), " toDataURL:", url.join(" "));
assert.deepEqual(kept, LEVELS);
assert.deepEqual(url, LEVELS.map((level) => (level > 0 ? 255 : 0)));

const norm = { mean: [255, 255, 255] };
const threeKept = every(3, [...cutOut.toImageData({ format: "RGBA", norm }).data]);
const threeUrl = every(3, await pixelsOf(cutOut.toDataURL({ format: "RGBA", norm }), WIDTH));
console.log("  with a mean of three numbers:", threeKept.join(" "), " toDataURL:", threeUrl.join(" "));
assert.deepEqual(threeKept, LEVELS);
assert.ok(threeUrl.every((alpha) => alpha === 0));

const matte = new Tensor("float32", Float32Array.from(LEVELS, (level) => level / 255), [1, 1, 1, WIDTH]);
const red = [...matte.toImageData().data];
const black = await pixelsOf(matte.toDataURL(), WIDTH);
console.log("  white of a matte, toImageData:", red.slice(-4).join(" "), " toDataURL:", black.slice(-4).join(" "));
assert.deepEqual(red, LEVELS.flatMap((level) => [level, 0, 0, 255]));
assert.deepEqual(black, LEVELS.flatMap(() => [0, 0, 0, 255]));

for (const [scale, seen] of [
  [{ mean: 255, bias: 0 }, [255, 128, 0]],
  [{ mean: 127.5, bias: -127.5 }, [255, 255, 255]],
  [{ mean: 255, bias: 64 }, [0, 0, 0]],
]) {
  const read = await Tensor.fromImage(new ImageData(Uint8ClampedArray.from([255, 128, 0].flatMap((level) => [level, level, level, 255])), 3, 1), { norm: scale, tensorFormat: "RGB" });
  const back = every(0, [...read.toImageData({ format: "RGB", norm: scale }).data]);
  console.log(`  255 128 0 read with mean ${scale.mean}, bias ${scale.bias}: ${[...read.data.slice(0, 3)].map((value) => value.toFixed(3)).join(" ")}, and back: ${back.join(" ")}`);
  assert.deepEqual(back, seen);
}
NODE
node seen.mjs
