#!/usr/bin/env bash
# smpte-timecode, the timecode class of Node's broadcast tools, turns a time of day into frames by the rate rounded to two decimals: at
# 24000/1001, given as 23.976, as 23.98 or as the exact fraction, 01:00:00 becomes frame 86328 where 86314 is right, 14 frames late an
# hour and 343 a day, so that mattes and takes that are matched by the clock sit beside their pictures. toDate counts rightly, and a
# date that goes there and back is 0.6 s later for each hour. Its frameRate says 23.98 too, for whoever multiplies by it. At 29.97 and 59.94,
# whose two decimals are nearly right, it is a few frames in a whole day, and at whole rates none. No message. Timecode text and
# frame counts are right. Seen with smpte-timecode 1.3.6; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund smpte-timecode@1.3.6
cat > check.cjs <<'NODE'
const assert = require("node:assert");
const timecode = require("smpte-timecode");

console.log("smpte-timecode", require("./node_modules/smpte-timecode/package.json").version);

/** Seconds from midnight of a date. */
function seconds(date) {
  const midnight = new Date(date);
  midnight.setHours(0, 0, 0, 0);
  return (date - midnight) / 1000;
}

const cases = [[23.976, 24000 / 1001, 14], [23.98, 24000 / 1001, 14], [[24000, 1001], 24000 / 1001, 14], [29.97, 30000 / 1001, 0], [59.94, 60000 / 1001, 0], [25, 25, 0]];
for (const [given, rate, late] of cases) {
  const hour = timecode(new Date(2026, 0, 15, 1, 0, 0), given, false);
  const right = Math.round(3600 * rate);
  const back = seconds(hour.toDate());
  console.log(`${JSON.stringify(given)}: 01:00:00 is frame ${hour.frameCount}, right is ${right}; back as a date ${back.toFixed(2)} s; frameRate ${hour.frameRate}`);
  assert(Math.abs(hour.frameCount - right - late) <= 1);
  assert(Math.abs(back - 3600 - late / rate) < 0.1);
}
assert.equal(timecode("01:00:00:00", 23.976).frameCount, 86400);
assert.equal(timecode(0, [24000, 1001]).frameRate, 23.98);
const day = timecode(new Date(2026, 0, 15, 23, 0, 0), 23.976);
const late = day.frameCount - Math.round((23 * 3600 * 24000) / 1001);
console.log("23:00:00 at 23.976 is late by", late, "frames");
assert(Math.abs(late - 23 * 14.3) < 5);
NODE
node check.cjs
