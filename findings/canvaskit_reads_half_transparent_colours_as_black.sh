#!/usr/bin/env bash
# CanvasKit, Skia for web pages and Node, reads colours by a small parser of its own, and what that does not know is opaque black. A fill or a
# gradient's stop "rgb(200 100 50 / 50%)", the form that browsers and design tools write today, or "hsla(20,60%,49%,0.5)" is
# (0, 0, 0) at alpha 255 in its canvas, so that a vignette or a soft garbage matte that fades to such a colour is opaque from end to end.
# parseColorString("transparent") is opaque black as well, a blank before "rgba(" does the same, and "rgba(100%,50%,25%,0.5)" is
# black at half opacity. "rgba(200,100,50,0.5)", "rgba(200,100,50,50%)" and "#c8643280" are right. Nothing is thrown and nothing
# printed; CSS, and so a browser's own canvas, knows all of them. Seen with canvaskit-wasm 0.42.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund canvaskit-wasm@0.42.0
cat > seen.cjs <<'NODE'
const assert = require("node:assert/strict");
const CanvasKitInit = require("canvaskit-wasm/bin/canvaskit.js");
const { version } = require("canvaskit-wasm/package.json");

CanvasKitInit({ locateFile: (name) => `${__dirname}/node_modules/canvaskit-wasm/bin/${name}` }).then((CanvasKit) => {
  console.log("canvaskit-wasm", version);
  const printed = [];
  for (const name of ["log", "warn", "error", "debug"]) {
    const print = console[name];
    console[name] = (...words) => (String(words[0]).startsWith("seen ") ? print(...words) : printed.push(words));
  }
  const half = [200, 100, 50, 128];
  const black = [0, 0, 0, 255];
  const nothing = [0, 0, 0, 0];
  const context = CanvasKit.MakeCanvas(64, 8).getContext("2d");

  /** What the parser makes of a colour, what a fill with it leaves on an empty canvas, and the alpha of a fade to it. */
  function seen(colour) {
    const parsed = Array.from(CanvasKit.parseColorString(colour), (value) => Math.round(value * 255));
    context.clearRect(0, 0, 64, 8);
    context.fillStyle = colour;
    context.fillRect(0, 0, 64, 8);
    const filled = [...context.getImageData(0, 0, 1, 1).data];
    const gradient = context.createLinearGradient(0, 0, 64, 0);
    gradient.addColorStop(0, "rgba(200,100,50,1)");
    gradient.addColorStop(1, colour);
    context.clearRect(0, 0, 64, 8);
    context.fillStyle = gradient;
    context.fillRect(0, 0, 64, 8);
    const row = context.getImageData(0, 0, 64, 1).data;
    return [parsed, filled, [row[3], row[4 * 32 + 3], row[4 * 63 + 3]]];
  }

  for (const [colour, parsed, filled, last] of [
    ["rgba(200,100,50,0.5)", half, half, 128],
    ["rgba(200,100,50,50%)", half, half, 128],
    ["#c8643280", half, half, 128],
    ["rgba(0,0,0,0)", nothing, nothing, 0],
    ["rgb(200 100 50 / 50%)", black, black, 255],
    ["hsla(20,60%,49%,0.5)", black, black, 255],
    ["hsl(20 60% 49% / 0.5)", black, black, 255],
    [" rgba(200,100,50,0.5)", black, black, 255],
    ["rgba(100%,50%,25%,0.5)", [0, 0, 0, 128], [0, 0, 0, 128], 128],
    ["transparent", black, nothing, 0],
  ]) {
    const [found, fill, fade] = seen(colour);
    console.log(`seen "${colour}": parsed ${found}, filled ${fill}, alpha of a fade from opaque to it ${fade}`);
    assert.deepEqual([found, fill], [parsed, filled]);
    assert.ok(Math.abs(fade[2] - last) <= 3);
  }
  assert.deepEqual(printed, []);
});
NODE
node seen.cjs
