#!/usr/bin/env bash
# subsrt and subsrt-ts, which convert subtitles between formats in Node, mistake milliseconds for seconds in MicroDVD (.sub), the format
# that counts in frames. A caption from 2 to 4 s is written as frames 50000 to 100000 at 25 a second, where {50}{100} is right, and at
# 23.976 as fractions of a frame; frames 50 to 100 are read as 2 to 4 milliseconds. The two mistakes cancel out in a round trip at 25 alone,
# and a conversion of a real .sub to .srt, the example of the README, shows every caption in the first seconds. The line {1}{1}23.976, by
# which such a file names its rate, becomes a caption and the rate stays 25. The older subsrt also makes one caption of all the captions of
# an .srt whose lines end in LF. No message. SRT with CRLF and WebVTT are right. Seen with subsrt 1.1.1, subsrt-ts 2.1.2, pysubs2 1.8.0
# beside them; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pysubs2==1.8.0
npm install --silent --no-audit --no-fund subsrt@1.1.1 subsrt-ts@2.1.2
printf '1\r\n00:00:02,000 --> 00:00:04,000\r\nOne\r\n\r\n2\r\n01:00:00,000 --> 01:00:01,000\r\nTwo\r\n' > clip.srt
env/bin/python - <<'PYTHON'
import pysubs2

file = pysubs2.load("clip.srt")
for rate in (25, 23.976):
    file.save(f"clip_{rate}.sub", format_="microdvd", fps=rate)
    with open(f"clip_{rate}.sub") as lines:
        text = lines.read()
    print("pysubs2 at", rate, text.split())
    assert f"{{{round(2 * rate)}}}{{{round(4 * rate)}}}One" in text
PYTHON
cat > check.cjs <<'NODE'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");

const srt = readFileSync("clip.srt", "utf8");
const times = (captions) => captions.filter(({ type }) => type === "caption").map(({ start, end, text }) => [start, end, text.trim()]);
for (const name of ["subsrt", "subsrt-ts"]) {
  const library = require(name);
  const captions = library.parse(srt, { format: "srt" });
  assert.deepEqual(times(captions), [[2000, 4000, "One"], [3600000, 3601000, "Two"]]);
  const written = library.build(captions, { format: "sub", fps: 25 }).split("\r\n")[0];
  const uneven = library.build(captions, { format: "sub", fps: 23.976 }).split("\r\n")[1];
  console.log(name, "writes", written, uneven);
  assert.equal(written, "{50000}{100000}One");
  assert.ok(uneven.startsWith("{86313600}"));
  const read = times(library.parse("{50}{100}One\r\n{90000}{90025}Two\r\n", { format: "sub", fps: 25 }));
  console.log(name, "reads frames 50 to 100 and 90000 to 90025 as milliseconds", JSON.stringify(read));
  assert.deepEqual(read, [[2, 4, "One"], [3600, 3601, "Two"]]);
  const named = times(library.parse(readFileSync("clip_23.976.sub", "utf8").replaceAll("\n", "\r\n"), { format: "sub" }));
  console.log(name, "reads a file of 23.976 frames as", JSON.stringify(named));
  assert.equal(named[0][2], "23.976");
  assert.deepEqual(named[2].slice(0, 2), [Math.round(86314 / 25), Math.round(86338 / 25)]);
  const merged = times(library.parse(srt.replaceAll("\r\n", "\n"), { format: "srt" }));
  console.log(name, "reads", merged.length, "captions where lines end in LF");
  assert.equal(merged.length, name === "subsrt" ? 1 : 2);
}
NODE
node check.cjs
