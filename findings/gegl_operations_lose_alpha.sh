#!/usr/bin/env bash
# GEGL, the engine of GIMP's filters, has operations that give a cut-out back opaque, and its PNG writer then writes no alpha at all:
# noise-hsv, stretch-contrast-hsv, color-warp, negative-darkroom, wavelet-blur and fattal02 work in a format without alpha and don't say
# so, while their neighbours noise-rgb, stretch-contrast, saturation, gaussian-blur and mantiuk06 keep every level. vignette turns
# what was empty into a haze, alpha 50 here and more towards the corners, so that the cut-out's rectangle shows. Nothing is printed
# and the status is 0; an opaque picture shows nothing. Seen with GEGL 0.4.42 (Debian's 1:0.4.42-2+deb12u2; other versions are not looked at),
# Pillow 12.3.0 to write and read the files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  gegl=1:0.4.42-2+deb12u2 > apt.log 2>&1 || { echo "Debian's GEGL 0.4.42 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0
library="$folder/root/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$library:$library/gegl-0.4" GEGL_PATH="$library/gegl-0.4" BABL_PATH="$library/babl-0.1"
export PATH="$folder/root/usr/bin:$PATH"
ls "$library"/libgegl-0.4.so.0.* | sed 's/.*libgegl/libgegl/'
env/bin/python - <<'PYTHON'
import subprocess

from PIL import Image

picture = Image.new("RGBA", (96, 60), (200, 100, 50, 255))
picture.paste((200, 100, 50, 128), (32, 0, 64, 60))
picture.paste((200, 100, 50, 0), (64, 0, 96, 60))
picture.save("cut-out.png")


def alphas(operation):
    """The three alphas behind an operation with its defaults, None for a file without alpha."""
    done = subprocess.run(["gegl", "cut-out.png", "-o", "seen.png", "--", f"gegl:{operation}"], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    seen = Image.open("seen.png")
    assert seen.size == picture.size, operation
    return [seen.getpixel((column, 30))[3] for column in (16, 48, 80)] if seen.mode == "RGBA" else None


for operation, expected in (
    ("nop", [255, 128, 0]),
    ("noise-rgb", [255, 128, 0]),
    ("noise-hsv", None),
    ("stretch-contrast", [255, 128, 0]),
    ("stretch-contrast-hsv", None),
    ("saturation", [255, 128, 0]),
    ("color-warp", None),
    ("invert-gamma", [255, 128, 0]),
    ("negative-darkroom", None),
    ("gaussian-blur", [255, 128, 0]),
    ("wavelet-blur", None),
    ("mantiuk06", [255, 128, 0]),
    ("fattal02", None),
    ("vignette", [255, 128, 50]),
):
    seen = alphas(operation)
    print(f"{operation}: {seen or 'no alpha in the file'}")
    assert seen == expected, expected
PYTHON
