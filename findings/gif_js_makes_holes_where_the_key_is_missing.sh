#!/usr/bin/env bash
# gif.js, a GIF encoder for web pages, always finds its transparent colour: with the option transparent it takes, frame by frame,
# the one entry that is nearest to the key of those that the frame uses, at whatever distance. A frame that the subject fills, a close-up in which no
# key is left, so loses some of the subject: keyed with green, its dark green jacket, or, without one, its grey wall. In a clip such a hole opens the moment
# the last pixel of the background leaves the picture. The picture's own alpha is not looked at: transparent pixels of another colour are
# opaque. No message; the source says "closest" of the palette, the README nothing. Keep a pixel of the key in each frame, or leave out
# transparent where there is none. Through dist/gif.worker.js, as a page runs it. Seen with gif.js 0.2.0, omggif 1.0.10 as the reader; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund gif.js@0.2.0 omggif@1.0.10
cat > seen.cjs <<'NODE'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const vm = require("node:vm");
const { GifReader } = require("omggif");

console.log("gif.js", JSON.parse(readFileSync("node_modules/gif.js/package.json", "utf8")).version);
const SIZE = 32;
const KEY = [0, 255, 0];
// The worker of the package in a scope such as a browser gives it: one message in with a frame, one out with its bytes.
const scope = { self: { postMessage: (frame) => scope.answers.push(frame) }, answers: [] };
vm.runInNewContext(readFileSync("node_modules/gif.js/dist/gif.worker.js", "utf8"), scope);

function written(frames) {
  scope.answers.length = 0;
  frames.forEach((data, index) =>
    scope.self.onmessage({
      data: { index, last: index === frames.length - 1, width: SIZE, height: SIZE, data, delay: 100, repeat: 0, quality: 1, dither: false, globalPalette: false, transparent: 0x00ff00, canTransfer: false },
    }),
  );
  const pages = scope.answers.flatMap((frame) => frame.data.map((page, index) => Buffer.from(page.slice(0, index === frame.data.length - 1 ? frame.cursor : frame.pageSize))));
  return new GifReader(Buffer.concat(pages));
}

// A picture of four flat columns of eight pixels each, colours with an alpha each.
const columns = (...colours) => Uint8ClampedArray.from({ length: SIZE * SIZE * 4 }, (_, index) => colours[((index >> 2) % SIZE) >> 3][index & 3]);
const [SKIN, JACKET, WALL, RED] = [[220, 180, 150, 255], [40, 110, 60, 255], [110, 110, 110, 255], [180, 30, 30, 255]];
const frames = {
  "key, skin, jacket, wall": columns([...KEY, 255], SKIN, JACKET, WALL),
  "skin, jacket, wall, red": columns(SKIN, JACKET, WALL, RED),
  "skin, wall, red, red": columns(SKIN, WALL, RED, RED),
  "red all over": columns(RED, RED, RED, RED),
  "black of alpha 0, key, skin, red": columns([0, 0, 0, 0], [...KEY, 255], SKIN, RED),
};
const reader = written(Object.values(frames));
const seen = Object.keys(frames).map((name, index) => {
  const pixels = new Uint8Array(SIZE * SIZE * 4);
  reader.decodeAndBlitFrameRGBA(index, pixels);
  const holes = [0, 8, 16, 24].map((column) => pixels[(SIZE * 5 + column + 4) * 4 + 3] === 0);
  console.log(`  ${name}: transparent ${holes.map((hole) => (hole ? "yes" : "no")).join(", ")}`);
  return holes.map(Number).join("");
});
assert.deepEqual(seen, ["1000", "0100", "0100", "1111", "0100"]);
NODE
node seen.cjs
