#!/usr/bin/env bash
# enblend and enfuse, which lay pictures together (panoramas, exposure and focus stacks, clean plates), take soft alpha and give back hard alpha:
# from half on (127 of 255) a pixel is wholly opaque, below it wholly transparent, so that a cut-out's hair and motion blur become a
# jagged outline. A single picture is changed alike, of which enblend says that "the output will be the same as the input", and where one of two pictures is more than half opaque the answer is
# 255, with the colour that lay under the soft alpha drawn in full. The output has an alpha channel, as the input had; the status is 0
# and no message speaks of alpha. Seen with enblend and enfuse 4.2 (Debian's 4.2-10+b1; other versions are not looked at), pictures
# by Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  enblend=4.2-10+b1 enfuse=4.2-10+b1 > apt.log 2>&1 || { echo "Debian's enblend 4.2 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 numpy==2.2.6
FOLDER="$folder" env/bin/python - <<'PYTHON'
import os
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(os.environ["FOLDER"], "root")
LIBRARY = ROOT / f"usr/lib/{os.uname().machine}-linux-gnu"
PLACES = ":".join(str(LIBRARY / name) for name in ("", "blas", "lapack"))


def run(*command):
    done = subprocess.run([str(ROOT / "usr/bin" / command[0]), *command[1:]], env=os.environ | {"LD_LIBRARY_PATH": PLACES}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    words = (done.stdout + done.stderr).lower()
    assert "alpha" not in words, words
    return " ".join(words.replace(f"{command[0]}: note:", "").split())


def alpha_of(name):
    picture = np.asarray(Image.open(name))
    assert picture.shape == (128, 256, 4)
    return picture[64, :, 3].astype(int)


soft = np.zeros((128, 256, 4), np.uint8)
soft[..., :3] = (200, 100, 50)
soft[..., 3] = np.arange(256)  # alpha goes from 0 at the left to 255 at the right
Image.fromarray(soft).save("right.tif")
other = soft.copy()
other[..., :3] = (180, 120, 60)
other[..., 3] = 160 - np.arange(256).clip(0, 160)  # from 160 down to 0
Image.fromarray(other).save("left.tif")
assert alpha_of("right.tif").tolist() == list(range(256))
for tool in ("enblend", "enfuse"):
    print(run(tool, "--version").partition(" copyright")[0])
    words = run(tool, "-o", "one.tif", "right.tif")
    assert tool == "enfuse" or "the output will be the same as the input" in words, words
    alpha = alpha_of("one.tif")
    print(f"{tool}: levels {sorted(set(alpha.tolist()))}, opaque from {int(np.argmax(alpha > 0))} on")
    assert set(alpha.tolist()) == {0, 255} and int(np.argmax(alpha > 0)) in (127, 128)
    run(tool, "-o", "both.tif", "left.tif", "right.tif")
    seen = alpha_of("both.tif")
    print(f"{tool} of two, alpha 160 to 0 and 0 to 255: {seen[[2, 20, 60, 100, 150, 250]].tolist()}")
    assert set(seen.tolist()) == {0, 255} and seen[2] == seen[250] == 255 and seen[80] == 0
PYTHON
