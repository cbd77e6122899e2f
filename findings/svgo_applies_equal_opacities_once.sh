#!/usr/bin/env bash
# SVGO, the optimiser of nearly every SVG that design tools and web builds hand on, takes two fades of the same strength for one: where a group
# of opacity 0.5 has one child of opacity 0.5, they are collapsed into one path of 0.5, so that what was a quarter covers half; three of
# them, an eighth, are half too. It is part of the default preset, whether the opacity is an attribute or a style, and inside <mask> it makes the
# matte itself another. 0.5 in 0.4 is left alone, and so is a group with two children, which is why most drawings show nothing; equal masks and
# filters one in the other are kept as well, since a check is made for them. No message. Switch collapseGroups off for drawings
# that are used as mattes. Seen with svgo 4.1.0, drawn by @resvg/resvg-js 2.6.2; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund svgo@4.1.0 @resvg/resvg-js@2.6.2
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { Resvg } from "@resvg/resvg-js";
import { VERSION, optimize } from "svgo";

console.log("svgo", VERSION);
const square = (settings) => `<path d="M4 4h24v24H4z" fill="#c86432" ${settings}/>`;
const drawing = (content) => `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 32 32">${content}</svg>`;
const half = 'opacity=".5"';
const mask = (content) => `<mask id="m">${content}</mask>`;

/** The alpha in the middle. */
const alpha = (svg) => new Resvg(svg).render().pixels[4 * (16 * 32 + 16) + 3];

// Name, content, alpha as it is drawn, and after SVGO.
const cases = [
  ["0.5 in 0.5", `<g ${half}>${square(half)}</g>`, 64, 128],
  ["0.5 in 0.5 in 0.5", `<g ${half}><g ${half}>${square(half)}</g></g>`, 32, 128],
  ["0.5 in 0.50", `<g opacity=".50">${square(half)}</g>`, 64, 128],
  ["0.5 in 0.5 as styles", `<g style="opacity:.5">${square('style="opacity:.5"')}</g>`, 64, 128],
  ["0.5 in 0.5 inside a mask", `${mask(`<g ${half}><rect width="32" height="32" fill="#fff" ${half}/></g>`)}${square('mask="url(#m)"')}`, 64, 128],
  ["0.4 in 0.5", `<g ${half}>${square('opacity=".4"')}</g>`, 51, 51],
  ["two of 0.5 in 0.5", `<g ${half}>${square(half)}<path d="M0 0h2v2H0z"/></g>`, 64, 64],
  ["a mask in itself", `${mask('<rect width="32" height="32" fill="#fff" opacity=".5"/>')}<g mask="url(#m)">${square('mask="url(#m)"')}</g>`, 64, 64],
];
for (const [name, content, before, after] of cases) {
  const svg = drawing(content);
  const found = [alpha(svg), alpha(optimize(svg).data)];
  const kept = { plugins: [{ name: "preset-default", params: { overrides: { collapseGroups: false } } }] };
  const without = alpha(optimize(svg, kept).data);
  console.log(`  ${name}: alpha ${found[0]}, after SVGO ${found[1]}, without collapseGroups ${without}`);
  assert.ok(Math.abs(found[0] - before) <= 1 && Math.abs(found[1] - after) <= 1 && Math.abs(without - before) <= 1);
}
NODE
node seen.mjs
