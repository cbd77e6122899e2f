#!/usr/bin/env bash
# mp4box.js, with which web editors take a file apart for the browser's decoder (WebCodecs), hands out samples as if there were no edit
# list. Of a clip cut by "-c copy" to its last 63 pictures of 100 come 100, the 37 hidden ones too, with nb_samples 100, a track duration of
# 4 s and no mark on a hidden sample. And times start late: with B-frames, libx264's default, the first picture of any clip has cts 0.08 s
# where players show it at 0. A matte made in the browser is so 37 frames longer than what everybody sees, or two frames late. FFmpeg goes
# by the edit list. No message; info.duration of the whole file is right, and the list stands in tracks[].edits: subtract its media_time
# from cts and leave out what is below 0 after decoding. Seen with mp4box 2.4.1, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
npm install --silent --no-audit --no-fund mp4box@2.4.1
ffmpeg=$(env/bin/python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
"$ffmpeg" -version | head -1
"$ffmpeg" -v error -f lavfi -i testsrc2=size=160x120:rate=25 -frames:v 100 -c:v libx264 -pix_fmt yuv420p whole.mp4
"$ffmpeg" -v error -ss 1.48 -i whole.mp4 -c copy cut.mp4
for name in whole cut; do "$ffmpeg" -v error -i "$name.mp4" -fps_mode passthrough -f framecrc - | grep -v "^#" > "$name.txt"; done
cat > check.cjs <<'NODE'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { createFile } = require("mp4box");

/** What mp4box.js says of a file, and the times in seconds of the samples it hands out. */
function read(name) {
  const bytes = readFileSync(`${name}.mp4`);
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  data.fileStart = 0;
  const file = createFile();
  const seen = {};
  file.onReady = (info) => {
    seen.info = info;
    file.setExtractionOptions(info.tracks[0].id, null, { nbSamples: 1000 });
    file.start();
  };
  file.onSamples = (id, user, samples) => (seen.samples = samples);
  file.appendBuffer(data);
  file.flush();
  return seen;
}

for (const [name, right] of [["whole", 100], ["cut", 63]]) {
  const decoded = readFileSync(`${name}.txt`, "utf8").trim().split("\n");
  const { info, samples } = read(name);
  const [track] = info.tracks;
  const times = samples.map(({ cts, timescale }) => cts / timescale).sort((a, b) => a - b);
  const [{ media_time: start }] = track.edits;
  const shown = times.filter((time) => time - start / track.timescale >= -0.001);
  console.log(`${name}: FFmpeg shows ${decoded.length}, mp4box hands out ${samples.length}, nb_samples ${track.nb_samples},`);
  console.log(`  first at ${times[0]} s, track ${track.duration / track.timescale} s, file ${info.duration / info.timescale} s, by the edit list ${shown.length}`);
  assert.equal(decoded.length, right);
  assert.equal(decoded[0].split(",")[2].trim(), "0");
  assert.equal(samples.length, 100);
  assert.equal(track.nb_samples, 100);
  assert.equal(track.duration / track.timescale, 4);
  assert.equal(info.duration / info.timescale, right / 25);
  assert.equal(times[0], 0.08);
  assert.equal(shown.length, right);
}
NODE
node check.cjs
