#!/usr/bin/env bash
# gifsicle, with which most GIFs are made smaller, counts a pixel of the result as opaque from a quarter covered on: reduced to a quarter with --resize,
# cells of 16 pixels are transparent with 3 opaque ones and opaque with 4 (nearly all of them by the smooth methods), whatever
# --resize-method says, the averaging ones (mix, the default, and box) too. A comb of hair that covers a quarter of the picture becomes a solid area, and every edge moves
# outwards, so that a cut-out is fatter at each size and thin gaps close. GIF knows no half transparency, and one expects half covered as the
# border, as other programs have it. No message. Scale before the GIF is made.
# Seen with gifsicle 1.93 (Debian's 1.93-2) and Pillow 12.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gifsicle=1.93-2 > apt.log 2>&1 || { echo "Debian's gifsicle 1.93 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
export PATH="$folder/root/usr/bin:$PATH"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.0.0 numpy==2.2.6
gifsicle --version | head -n 1
env/bin/python - <<'PYTHON'
import subprocess

import numpy as np
from PIL import Image

CELL = np.random.default_rng(1).permutation(16).reshape(4, 4)  # the order in which the pixels of a cell are filled
rows, columns = np.mgrid[:128, :128]


def reduced(mask, method):
    """The share of opaque pixels before and after a reduction to a quarter."""
    pixels = np.zeros((*mask.shape, 4), np.uint8)
    pixels[..., :3] = (200, 100, 50)
    pixels[..., 3] = mask * np.uint8(255)
    Image.fromarray(pixels).save("large.gif")
    chosen = ["--resize-method", method] if method else []
    subprocess.run(["gifsicle", "--resize", "32x32", *chosen, "large.gif", "--output", "small.gif"], check=True)
    shares = []
    for name in ("large.gif", "small.gif"):
        with Image.open(name) as image:
            alpha = np.asarray(image.convert("RGBA"))[..., 3]
        assert set(np.unique(alpha)) <= {0, 255}
        shares.append(round(float((alpha > 0).mean()), 4))
    return shares


for method in (None, "mix", "box", "catrom", "lanczos3"):
    seen = {count: reduced(np.tile(count > CELL, (32, 32)), method)[1] for count in (2, 3, 4, 5, 8)}
    print(f"  {method or 'no method given'}: opaque pixels of 16, and the share that is opaque afterwards: {seen}")
    assert max(seen[2], seen[3]) < 0.01 and seen[4] > 0.8 and seen[5] == seen[8] == 1
for name, mask in (
    ("hair, every fourth column", columns % 4 == 1),
    ("gaps, two of four columns", columns % 4 > 1),
    ("a disc", np.hypot(rows - 63.5, columns - 63.5) < 50),
):
    before, after = reduced(mask, None)
    print(f"  {name}: {before:.1%} opaque, then {after:.1%}")
    assert after > 1.01 * before and (after == 1 or "disc" in name)
PYTHON
