#!/usr/bin/env bash
# OpenImageIO's comparers, with which renders and mattes are checked against references, find no difference in a picture of NaN: idiff and
# "oiiotool --diff" print PASS and end with 0 where the alpha of every pixel is NaN, and ImageBufAlgo.compare has error False and
# nfail 0; a picture of nothing but NaN passes too. It is compared by "larger than the threshold", which NaN never is. The sole
# sign is maxerror and meanerror of nan, which idiff doesn't print for a PASS. With one such pixel alone maxerror is inf and meanerror 0:
# PASS by idiff and compare, FAILURE by oiiotool, which looks at that. A network or a grade that failed passes its test so; the same alpha
# at 1 instead of 0.5 is a FAILURE. computePixelStats counts NaN. Seen with OpenImageIO 3.2.2.0 (Python's package and
# the programs in it).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check openimageio==3.2.2.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import math
import subprocess

import OpenImageIO as oiio
from OpenImageIO import ImageBuf, ImageBufAlgo, ImageSpec

print("OpenImageIO", oiio.VERSION_STRING)
NAN = math.nan
right = (0.4, 0.2, 0.1, 0.5)


def picture(pixel):
    made = ImageBuf(ImageSpec(32, 32, 4, "float"))
    assert ImageBufAlgo.fill(made, pixel)
    return made


reference = picture(right)
reference.write("reference.exr")
one = reference.copy()
one.setpixel(3, 3, (0.4, 0.2, 0.1, NAN))
cases = {
    "alpha NaN": (picture((0.4, 0.2, 0.1, NAN)), True),
    "everything NaN": (picture((NAN,) * 4), True),
    "one pixel NaN": (one, True),
    "alpha 1": (picture((0.4, 0.2, 0.1, 1.0)), False),
}
for name, (other, is_passed) in cases.items():
    other.write("other.exr")
    found = ImageBufAlgo.compare(reference, other, 1e-3, 1e-3)
    print(f"{name}: error {found.error}, nfail {found.nfail}, maxerror {found.maxerror}, meanerror {found.meanerror}")
    assert found.error == (not is_passed) and (found.nfail == 0) == is_passed
    for command in (["idiff", "reference.exr", "other.exr"], ["oiiotool", "reference.exr", "other.exr", "--diff"]):
        done = subprocess.run(["env/bin/" + command[0], *command[1:]], capture_output=True, text=True)
        last = done.stdout.split()[-1]
        print(f"  {command[0]}: {last}, status {done.returncode}")
        is_pass = is_passed and (command[0], name) != ("oiiotool", "one pixel NaN")
        assert (last, done.returncode == 0) == (("PASS", True) if is_pass else ("FAILURE", False))
statistics = ImageBufAlgo.computePixelStats(picture((0.4, 0.2, 0.1, NAN)))
print("NaN that computePixelStats counts:", list(statistics.nancount))
assert list(statistics.nancount) == [0, 0, 0, 1024]
PYTHON
