#!/usr/bin/env bash
# Netpbm takes every grey file for light coded with a gamma, mattes too. pamscale averages them in linear light: a pixel half covered
# becomes 179 of 255, not 128, so that the subject grows with each reduction; the same matte as the alpha of an RGBA picture is averaged
# plainly (128), and picture and matte no longer fit. pamcomp mixes in linear light too (documented), and with -mixtransparency gives
# the colour multiplied by alpha back as straight: (200, 100, 50) at alpha 128 over itself is (139, 66, 30) at 191, and under
# a wholly transparent overlay the picture is black. pamscale -linear and -linear of pamcomp cure the first, not the
# last. Seen with Netpbm 11.1.0 (Debian's 2:11.01.00-2; other versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only --reinstall -o Dir::Cache::archives="$folder/packages" \
  netpbm=2:11.01.00-2 libnetpbm11=2:11.01.00-2 > apt.log 2>&1 || { echo "Debian's netpbm 11.01.00 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/$(uname -m)-linux-gnu" PATH="$folder/root/usr/bin:$PATH"
"${PYTHON:-python3}" - <<'PYTHON'
import re
import subprocess


def picture(depth, pixel):
    """A PAM of 8 x 8 whose pixel depends on its column."""
    kind = {1: "GRAYSCALE", 3: "RGB", 4: "RGB_ALPHA"}[depth]
    header = f"P7\nWIDTH 8\nHEIGHT 8\nDEPTH {depth}\nMAXVAL 255\nTUPLTYPE {kind}\nENDHDR\n"
    return header.encode() + b"".join(bytes(pixel(column)) for _ in range(8) for column in range(8))


def run(*command, **files):
    """The first row of what a program makes of its files."""
    for name, content in files.items():
        with open(f"{name}.pam", "wb") as file:
            file.write(content)
    result = subprocess.run(command, capture_output=True, check=True).stdout
    header, data = result.split(b"ENDHDR\n", 1)
    width, depth = (int(re.search(rb"%s (\d+)" % key, header)[1]) for key in (b"WIDTH", b"DEPTH"))
    return [tuple(data[place * depth : (place + 1) * depth]) for place in range(width)]


version = subprocess.run(["pamscale", "--version"], capture_output=True, text=True, check=True).stderr
print(version.splitlines()[0])
COLOUR = (200, 100, 50)
matte = picture(1, lambda column: (255 if column < 4 else 0,))
cut_out = picture(4, lambda column: (*COLOUR, 255) if column < 4 else (0, 0, 0, 0))
half = picture(4, lambda column: (*COLOUR, 128))
clear = picture(4, lambda column: (0, 0, 0, 0))
black = picture(3, lambda column: (0, 0, 0))

grey = run("pamscale", "0.4", "matte.pam", matte=matte)
linear = run("pamscale", "-linear", "0.4", "matte.pam", matte=matte)
alpha = run("pamscale", "0.4", "cut.pam", cut=cut_out)
print("a pixel half covered, scaled as grey:", grey[1], "with -linear:", linear[1], "as alpha:", alpha[1])
assert grey == [(255,), (179,), (0,)] and linear == [(255,), (128,), (0,)]
assert alpha == [(*COLOUR, 255), (*COLOUR, 128), (0, 0, 0, 0)]

assert run("pamcomp", "-linear", "half.pam", "black.pam", half=half, black=black)[0] == (100, 50, 25)
for options in ([], ["-linear"]):
    itself = run("pamcomp", *options, "-mixtransparency", "half.pam", "half.pam", half=half)[0]
    under = run("pamcomp", *options, "-mixtransparency", "clear.pam", "half.pam", half=half, clear=clear)[0]
    print("pamcomp -mixtransparency", *options, "over itself:", itself, "under a transparent picture:", under)
    assert under == (0, 0, 0, 128) and itself[3] == 191
    assert itself[:3] == ((139, 66, 30) if not options else (100, 50, 25)), itself
PYTHON
