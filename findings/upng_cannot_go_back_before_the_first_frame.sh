#!/usr/bin/env bash
# upng-js, a PNG and APNG library of web editors, can't compose animations whose first frame is to be taken back (dispose "previous", 2),
# which is how Pillow writes a moving cut-out with disposal=2: it looks for the last frame that stays, runs past the first one and stops with
# a TypeError. The PNG specification has a rule for this very case: previous in the first frame counts as background. With "none"
# and "background" every pixel is right, and pdf-lib's copy of the library and Pillow read all three. Seen with upng-js 2.1.0,
# @pdf-lib/upng 1.0.1, Pillow 12.3.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0
npm install --silent --no-audit --no-fund upng-js@2.1.0 @pdf-lib/upng@1.0.1
cat > write.py <<'PYTHON'
from PIL import Image


def cut_out(index):
    """A half transparent square that moves to the right, on nothing."""
    picture = Image.new("RGBA", (48, 32), (0, 0, 0, 0))
    picture.paste((200, 100, 50, 128), (4 + 8 * index, 8, 12 + 8 * index, 24))
    return picture


frames = [cut_out(index) for index in range(4)]
for name, disposal in (("none", 0), ("background", 1), ("previous", 2)):
    frames[0].save(f"{name}.png", save_all=True, append_images=frames[1:], duration=100, disposal=disposal, blend=0)
    read = Image.open(f"{name}.png")
    for index, frame in enumerate(frames):
        read.seek(index)
        assert read.convert("RGBA").tobytes() == frame.tobytes(), (name, index)
PYTHON
env/bin/python write.py
cat > check.cjs <<'NODE'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");

for (const library of ["upng-js", "@pdf-lib/upng"]) {
  const loaded = require(library), upng = loaded.decode ? loaded : loaded.default;
  for (const name of ["none", "background", "previous"]) {
    const file = readFileSync(`${name}.png`);
    const animation = upng.decode(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
    const disposals = (animation.frames ?? []).map((frame) => frame.dispose);
    let seen;
    try {
      seen = upng.toRGBA8(animation).map((frame) => new Uint8Array(frame));
    } catch (error) {
      seen = error;
    }
    assert.equal(disposals[0], { none: 0, background: 1, previous: 2 }[name]);
    if (library === "upng-js" && name === "previous") {
      assert.ok(seen instanceof TypeError);
      console.log(`${library}, ${name} (${disposals}): ${seen}`);
      continue;
    }
    const wrong = seen.map((frame, index) => {
      let count = 0;
      for (let y = 0; y < 32; y++)
        for (let x = 0; x < 48; x++) {
          const inside = x >= 4 + 8 * index && x < 12 + 8 * index && y >= 8 && y < 24;
          if (frame[(y * 48 + x) * 4 + 3] !== (inside ? 128 : 0)) count++;
        }
      return count;
    });
    console.log(`${library}, ${name} (${disposals}): ${wrong} wrong pixels`);
    assert.deepEqual(wrong, [0, 0, 0, 0]);
  }
}
NODE
node check.cjs
