#!/usr/bin/env bash
# The colour libraries of web pages fade to nothing through black. Halfway from (200, 100, 50) to a wholly transparent black, which is
# what CSS calls "transparent", mix of chroma-js, of tinycolor2 and of colord is about (100, 50, 25) at 0.5, and so are culori's
# interpolate and Color.js's mix with their defaults: colour and alpha go down together, and a gradient mask, a vignette or a title drawn by
# such steps has a dark band over everything bright. CSS (Color 4, "Interpolating with Alpha") multiplies by alpha first, and a browser's
# gradient keeps (200, 100, 50). The package color weighs by alpha and keeps it; culori and Color.js have a way to ask for it. D3 keeps
# it at alpha 0 exactly, since it forgets the colour there, and darkens to rgba(0, 0, 0, 0.004). No message. Fade to the
# same colour at alpha 0. Seen with chroma-js 3.2.0, tinycolor2 1.6.0, colord 2.14.0, culori 4.0.2, colorjs.io 0.7.1, d3-interpolate
# 3.0.1, color 5.0.3; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund chroma-js@3.2.0 tinycolor2@1.6.0 colord@2.14.0 culori@4.0.2 colorjs.io@0.7.1 d3-interpolate@3.0.1 color@5.0.3
cat > check.mjs <<'NODE'
import assert from "node:assert/strict";
import chroma from "chroma-js";
import color from "color";
import { colord, extend } from "colord";
import mixing from "colord/plugins/mix";
import Color from "colorjs.io";
import { interpolate, interpolateWithPremultipliedAlpha } from "culori";
import { interpolateRgb } from "d3-interpolate";
import tinycolor from "tinycolor2";

extend([mixing.default ?? mixing]);
const [from, to] = ["rgba(200, 100, 50, 1)", "rgba(0, 0, 0, 0)"];
const space = { space: "srgb", outputSpace: "srgb" };
const levels = ({ r, g, b, alpha }) => [...[r, g, b].map((level) => Math.round(level * 255)), alpha];
const numbers = (text) => text.match(/[\d.]+/g).map(Number);
const srgb = (seen) => [...seen.coords.map((level) => Math.round(level * 255)), Number(seen.alpha)];
const dark = {
  "chroma-js": chroma.mix(from, to, 0.5, "rgb").rgba(),
  tinycolor2: Object.values(tinycolor.mix(from, to, 50).toRgb()),
  colord: Object.values(colord(from).mix(to, 0.5).toRgb()),
  culori: levels(interpolate([from, to], "rgb")(0.5)),
  "colorjs.io": srgb(Color.mix(from, to, 0.5, space)),
  "d3-interpolate, to alpha 0.004": numbers(interpolateRgb(from, "rgba(0, 0, 0, 0.004)")(0.5)),
};
const kept = {
  color: color(from).mix(color(to), 0.5).rgb().array(),
  "culori, premultiplied": levels(interpolateWithPremultipliedAlpha([from, to], "rgb")(0.5)),
  "colorjs.io, premultiplied": srgb(Color.mix(from, to, 0.5, { ...space, premultiplied: true })),
  "d3-interpolate, to alpha 0": numbers(interpolateRgb(from, to)(0.5)),
};
/** CSS: both ends multiplied by their alpha, mixed, divided by the mixed alpha. */
const css = [200, 100, 50].map((level) => (0.5 * level * 1 + 0.5 * 0 * 0) / 0.5);
for (const [libraries, expected] of [[dark, [100, 50, 25]], [kept, css]])
  for (const [name, seen] of Object.entries(libraries)) {
    console.log(`${name}: ${seen.join(", ")}`);
    expected.forEach((level, channel) => assert.ok(Math.abs(seen[channel] - level) <= 5, name));
    assert.ok(Math.abs(seen[3] - 0.5) < 0.01, name);
  }
NODE
node check.mjs
