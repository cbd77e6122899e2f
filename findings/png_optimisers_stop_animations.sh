#!/usr/bin/env bash
# Optimisers of PNG files that are called lossless make a still picture of an animated one. zopflipng, pngcrush, advpng and pngquant take an APNG
# of a moving cut-out, keep the first frame and leave the others out with the chunks that they don't know, with exit status 0; what they
# print is how much was saved. A build step that optimises every PNG so stops all animations, and the file that is most
# improved is the one that lost most. optipng keeps all frames as they are. Leave animations out of such a step, by looking for the chunk
# acTL before the first IDAT: the names are all .png. pngcrush keeps them where the new file is called .apng, and with -v it says that it has
# discarded them.
# Seen with zopflipng 1.0.3, pngcrush 1.8.13, advancecomp 2.5, pngquant 2.17.0, optipng 0.7.7 (Debian's), Pillow 12.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" zopfli=1.0.3-1 \
  libzopfli1=1.0.3-1 pngcrush=1.8.13-0.1 advancecomp=2.5-1 pngquant=2.17.0-1 optipng=0.7.7-2+b1 > apt.log 2>&1 \
  || { echo "Debian's versions of these are not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/$(uname -m)-linux-gnu:$folder/root/usr/lib"
export PATH="$folder/root/usr/bin:$PATH"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.0.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import shutil
import subprocess
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

print("Pillow", PIL.__version__)
frames = []
for index in range(6):  # a soft square that walks
    frame = np.zeros((32, 48, 4), np.uint8)
    frame[8:24, 4 * index : 4 * index + 16] = (200, 100, 50, 128)
    frame[10:22, 4 * index + 2 : 4 * index + 14, 3] = 255
    frames.append(frame)
pictures = [Image.fromarray(frame) for frame in frames]
pictures[0].save("moving.png", save_all=True, append_images=pictures[1:], duration=40, disposal=1, blend=0)


def read(name):
    found = []
    with Image.open(name) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append(np.asarray(image.convert("RGBA")).copy())
    return found


def same(one, other):
    return len(one) == len(other) and all(np.array_equal(a[..., 3], b[..., 3]) and np.array_equal(a[a[..., 3] > 0], b[b[..., 3] > 0]) for a, b in zip(one, other, strict=True))


assert same(read("moving.png"), frames)
for tool, command in {
    "zopflipng": ["zopflipng", "-y", "moving.png", "out.png"],
    "pngcrush": ["pngcrush", "moving.png", "out.png"],
    "advpng": ["advpng", "--recompress", "--quiet", "out.png"],
    "pngquant": ["pngquant", "--force", "--output", "out.png", "moving.png"],
    "optipng": ["optipng", "-quiet", "-out", "out.png", "moving.png"],
}.items():
    Path("out.png").unlink(missing_ok=True)
    if tool == "advpng":
        shutil.copy("moving.png", "out.png")
    answer = subprocess.run(command, capture_output=True, text=True)
    seen = read("out.png")
    said = "anim" in (answer.stdout + answer.stderr).lower() or "frame" in (answer.stdout + answer.stderr).lower()
    sizes = [Path(name).stat().st_size for name in ("moving.png", "out.png")]
    print(f"  {tool}: exit status {answer.returncode}, {len(seen)} of {len(frames)} frames, {sizes[0]} -> {sizes[1]} bytes, says something of it: {said}")
    assert answer.returncode == 0 and not said
    assert same(seen, frames if tool == "optipng" else frames[:1])
answer = subprocess.run(["pngcrush", "-v", "moving.png", "out.png"], capture_output=True, text=True)
subprocess.run(["pngcrush", "-q", "moving.png", "out.apng"], check=True, capture_output=True)
print(f"  pngcrush to out.apng: {len(read('out.apng'))} of {len(frames)} frames; -v says of out.png that they are discarded: {'Discarded APNG chunks' in answer.stdout + answer.stderr}")
assert same(read("out.apng"), frames) and "Discarded APNG chunks" in answer.stdout + answer.stderr
PYTHON
