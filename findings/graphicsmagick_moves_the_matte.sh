#!/usr/bin/env bash
# GraphicsMagick's enhance (noise reduction) moves alpha two pixels to the right and two down and leaves colour where it is: applied three
# times the matte sits six pixels beside its subject. despeckle puts a haze of 1 to 6 into what was wholly transparent, and an opaque grey
# picture of one level has pixels of alpha 253 afterwards and is darker in its corners. composite's Plus, with which glows and halves
# of a cut-out are added, makes everything wholly transparent, opaque pictures too, and Add everything opaque, empty pixels too. An
# ASC CDL that changes nothing (-asc-cdl 1,0,1:1,0,1:1,0,1:1) makes the picture white; without the saturation it is right. Status 0 and
# no message. Over, resize, scale and gamma are right. Seen with GraphicsMagick 1.3.40 (Debian's 1.4+really1.3.40-4+deb12u1; other
# versions are not looked at), Pillow 12.3.0 to write and read the files.
set -euo pipefail
command -v apt-get > /dev/null || { echo "apt-get is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
version=1.4+really1.3.40-4+deb12u1
apt-get install --quiet=2 --yes --no-install-recommends --download-only --reinstall -o Dir::Cache::archives="$folder/packages" \
  graphicsmagick=$version libgraphicsmagick-q16-3=$version > apt.log 2>&1 || { echo "Debian's GraphicsMagick is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 numpy==2.2.6
libraries="$folder/root/usr/lib:$folder/root/usr/lib/$(uname -m)-linux-gnu"
PATH="$folder/root/usr/bin:$PATH" LD_LIBRARY_PATH="$libraries" MAGICK_CONFIGURE_PATH="$folder/root/usr/lib/GraphicsMagick-1.3.40/config" \
  env/bin/python - <<'PYTHON'
import subprocess

import numpy as np
from PIL import Image

SIZE = 48


def gm(*arguments):
    """What GraphicsMagick writes, (H, W, 4) RGBA."""
    done = subprocess.run(["gm", *arguments, "PNG32:out.png"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return np.asarray(Image.open("out.png").convert("RGBA")).astype(int)


def flat(name, colour):
    Image.fromarray(np.full((SIZE, SIZE, len(colour)), colour, np.uint8)).save(name)


def box(mask):
    """First and last column and row of a mask."""
    rows, columns = np.nonzero(mask)
    return [int(edge) for edge in (columns.min(), columns.max(), rows.min(), rows.max())]


print(subprocess.run(["gm", "version"], capture_output=True, text=True).stdout.split(" http")[0])
subject = np.full((SIZE, SIZE, 4), (200, 100, 50, 0), np.uint8)
subject[12:36, 12:36, 3] = 255
subject[20:26, 20:26, :3] = (50, 100, 200)
Image.fromarray(subject).save("subject.png")
assert (gm("convert", "subject.png") == subject).all() and (gm("convert", "subject.png", "-gamma", "1") == subject).all()
for times in (1, 3):
    seen = gm("convert", "subject.png", *["-enhance"] * times)
    print(f"enhance, {times} times: alpha at", box(seen[..., 3] > 127), "its blue mark at", box(seen[..., 2] > 120))
    assert box(seen[..., 3] > 127) == [12 + 2 * times, 35 + 2 * times] * 2 and box(seen[..., 2] > 120) == [20, 25] * 2
haze = gm("convert", "subject.png", "-despeckle")[subject[..., 3] == 0][:, 3]
print(f"despeckle: {np.count_nonzero(haze)} of {haze.size} transparent pixels have alpha up to {haze.max()}")
assert haze.max() == 6 and np.count_nonzero(haze) > 100
flat("grey.png", (200, 200, 200))
seen = gm("convert", "grey.png", "-despeckle")
print("despeckle of an opaque flat 200: levels from", seen[..., 0].min(), "alpha from", seen[..., 3].min())
assert seen[..., 0].min() == 194 and seen[..., 3].min() == 253
flat("nothing.png", (0, 0, 0, 0))
flat("half.png", (200, 100, 50, 128))
flat("opaque.png", (200, 100, 50, 255))
flat("layer.png", (10, 20, 30, 255))
for mode, alpha in (("Plus", 0), ("Minus", 0), ("Add", 255), ("Over", None)):
    for below in ("nothing", "half", "opaque"):
        for above in ("nothing", "half", "layer"):
            found = gm("composite", "-compose", mode, above + ".png", below + ".png")[..., 3]
            assert alpha is None or (found == alpha).all(), (mode, below, above)
    print(f"{mode}: alpha {'as it should be' if alpha is None else alpha} throughout, the last one {found[0, 0]}")
assert (found == 255).all()
neutral = "1,0,1:1,0,1:1,0,1"
for values, right in ((neutral, [200, 100, 50]), (neutral + ":1", [255, 255, 255])):
    pixel = gm("convert", "opaque.png", "-asc-cdl", values)[0, 0, :3].tolist()
    print(f"-asc-cdl {values}:", pixel)
    assert pixel == right
PYTHON
