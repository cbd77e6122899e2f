#!/usr/bin/env bash
# ImageScript, an image library for Node and Deno, blends two partly transparent pixels by the upper one's alpha alone and keeps the larger
# of both alphas. A cut-out drawn on an empty picture is darkened at its soft edges, (200, 100, 50) at alpha 128 becomes (100, 50, 25)
# at 128, as if it had been multiplied, though the file it writes means straight colour. Two layers of alpha 128 are 128 together
# instead of 192, so that stacked layers stay see-through. Opaque and empty pixels are right, and so is an opaque
# backdrop. Seen with ImageScript 1.3.1; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund imagescript@1.3.1
cat > check.mjs <<'NODE'
import { readFileSync } from "node:fs";
import { Image } from "imagescript";

console.log("imagescript", JSON.parse(readFileSync("node_modules/imagescript/package.json", "utf8")).version);
const flat = (levels) => new Image(4, 4).fill(Image.rgbaToColor(...levels));
/** Straight colour and alpha of one over the other, by Porter and Duff. */
const over = (below, above) => {
  const [under, upper] = [below[3] / 255, above[3] / 255];
  const alpha = upper + under * (1 - upper);
  const mixed = [0, 1, 2].map((channel) => (above[channel] * upper + below[channel] * under * (1 - upper)) / alpha);
  return [...mixed, alpha * 255].map(Math.round);
};
const orange = [200, 100, 50, 128];
for (const [name, below, above, expected] of [
  ["on an empty picture", [0, 0, 0, 0], orange, [100, 50, 25, 128]],
  ["on half transparent blue", [0, 0, 255, 128], orange, [100, 50, 152, 128]],
  ["opaque on an empty picture", [0, 0, 0, 0], [200, 100, 50, 255], [200, 100, 50, 255]],
  ["white on opaque white", [255, 255, 255, 255], [255, 255, 255, 128], [255, 255, 255, 255]],
]) {
  const seen = Image.colorToRGBA(flat(below).composite(flat(above)).getPixelAt(2, 2));
  console.log(`${name}: ${seen}, by Porter and Duff ${over(below, above)}`);
  if (seen.join() !== expected.join()) throw new Error("composite has changed");
}
NODE
node check.mjs
