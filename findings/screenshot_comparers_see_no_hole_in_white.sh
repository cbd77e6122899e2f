#!/usr/bin/env bash
# The comparers behind screenshot tests do not see a hole in a white shirt. looks-same leaves alpha out altogether: a picture and its
# own cut-out are "equal", whatever the matte. odiff, and pixelmatch up to version 5 (which jest-image-snapshot brings), lay both
# pictures on white first: white at alpha 255, 128 and 0 are the same, as is grey 128 for black at half opacity. A test of mattes
# passes so on the mistake that matters; black or coloured subjects show it in odiff and pixelmatch. pixelmatch 7 finds every one.
# Seen with looks-same 10.0.1, odiff-bin 4.5.0, pixelmatch 5.3.0 and 7.2.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund looks-same@10.0.1 odiff-bin@4.5.0 old@npm:pixelmatch@5.3.0 pixelmatch@7.2.0 pngjs@7.0.0
cat > compare.mjs <<'NODE'
import assert from "node:assert";
import { writeFileSync } from "node:fs";
import looksSame from "looks-same";
import old from "old";
import { compare } from "odiff-bin";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

const square = (inside) => {
  const picture = new PNG({ width: 40, height: 40 });
  for (let i = 0; i < 1600; i++) {
    const within = Math.abs((i % 40) - 20) < 10 && Math.abs(Math.floor(i / 40) - 20) < 10;
    picture.data.set(within ? inside : [0, 0, 255, 255], i * 4);
  }
  return picture;
};
const cases = [
  ["white, and a hole in its place", [255, 255, 255, 255], [255, 255, 255, 0], "looks-same odiff pixelmatch-5"],
  ["white, and half transparent", [255, 255, 255, 255], [255, 255, 255, 128], "looks-same odiff pixelmatch-5"],
  ["grey, and black at half opacity", [128, 128, 128, 255], [0, 0, 0, 128], "odiff pixelmatch-5"],
  ["brown, and a hole in its place", [200, 100, 50, 255], [200, 100, 50, 0], "looks-same"],
  ["brown, and half transparent", [200, 100, 50, 255], [200, 100, 50, 128], "looks-same"],
];
for (const [name, inside, other, blind] of cases) {
  const [a, b] = [square(inside), square(other)];
  writeFileSync("a.png", PNG.sync.write(a));
  writeFileSync("b.png", PNG.sync.write(b));
  const equal = {
    "looks-same": (await looksSame("a.png", "b.png")).equal,
    odiff: (await compare("a.png", "b.png", "difference.png")).match,
    "pixelmatch-5": old(a.data, b.data, null, 40, 40) === 0,
    "pixelmatch-7": pixelmatch(a.data, b.data, null, 40, 40) === 0,
  };
  const found = Object.keys(equal).filter((tool) => equal[tool]).join(" ");
  console.log(`${name}: equal for ${found}`);
  assert.equal(found, blind);
}
NODE
node compare.mjs
