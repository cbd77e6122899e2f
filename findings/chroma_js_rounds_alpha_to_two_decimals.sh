#!/usr/bin/env bash
# chroma-js, the colour library of charts and page designs, rounds alpha to hundredths when it reads a colour of eight hexadecimal digits: of
# the 256 levels 155 are another one when they are written again. Level 1 becomes 0 and 254 becomes 255, so that the faintest haze of a
# matte is gone and what is not quite opaque is; 128 of 255 is 0.5. tinycolor2, color, colord and culori give every level back. And
# chroma.blend, its layer modes, does not look at alpha: half transparent blue multiplied over half transparent orange is opaque (0, 0,
# 50), where the W3C's compositing formula has (67, 33, 118) at 0.75, as culori's blend of the same name. No message. Give alpha as a number
# (chroma.rgb with 128 / 255 keeps it). In src/io/hex/hex2rgb.js. Seen with chroma-js 3.2.0, tinycolor2 1.6.0, color 5.0.3, colord 2.14.0,
# culori 4.0.2; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund chroma-js@3.2.0 tinycolor2@1.6.0 color@5.0.3 colord@2.14.0 culori@4.0.2
cat > check.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import chroma from "chroma-js";
import color from "color";
import { colord } from "colord";
import { blend, formatHex8 } from "culori";
import tinycolor from "tinycolor2";

const again = {
  "chroma-js": (text) => chroma(text).hex("rgba"),
  tinycolor2: (text) => tinycolor(text).toHex8String(),
  color: (text) => color(text).hexa().toLowerCase(),
  colord: (text) => colord(text).alpha(colord(text).alpha()).toHex(),
  culori: (text) => formatHex8(text),
};
for (const [library, write] of Object.entries(again)) {
  const changed = [];
  for (let level = 0; level < 256; level++) {
    const text = `#c86432${level.toString(16).padStart(2, "0")}`;
    const seen = write(text);
    // colord leaves the last two digits out where alpha is 1.
    if ((seen.length === 7 ? `${seen}ff` : seen) !== text) changed.push(level);
  }
  const { version } = JSON.parse(readFileSync(`node_modules/${library}/package.json`));
  console.log(library, version, "changes", changed.length, "of 256 alpha levels");
  assert.equal(changed.length, library === "chroma-js" ? 155 : 0);
}
console.log("level 1 is read as", chroma("#c8643201").alpha(), "and 254 as", chroma("#c86432fe").alpha());
assert.equal(chroma("#c8643201").alpha(), 0);
assert.equal(chroma("#c86432fe").alpha(), 1);
assert.equal(chroma.rgb(200, 100, 50, 1 / 255).hex("rgba"), "#c8643201");

const [lower, upper] = ["rgba(0, 0, 255, 0.5)", "rgba(200, 100, 50, 0.5)"];
const right = blend([lower, upper], "multiply");
const levels = [right.r, right.g, right.b].map((level) => Math.round(level * 255));
console.log("multiply: chroma-js", chroma.blend(lower, upper, "multiply").rgba(), "culori", levels, right.alpha);
assert.deepEqual(chroma.blend(lower, upper, "multiply").rgba(), [0, 0, 50, 1]);
// (1 - 0.5) * 0.5 * upper + 0.5 * (0.5 * lower + 0.5 * multiplied), divided by 0.75.
const expected = [[0, 200], [0, 100], [255, 50]].map(([below, above]) => Math.round((0.25 * above + 0.25 * below + (0.25 * below * above) / 255) / 0.75));
assert.deepEqual(levels, expected);
assert.equal(right.alpha, 0.75);
NODE
node check.mjs
