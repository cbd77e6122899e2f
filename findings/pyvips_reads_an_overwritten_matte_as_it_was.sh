#!/usr/bin/env bash
# A file that is written again under the same name is read by pyvips as it was before: libvips remembers the last hundred
# operations, opening a file among them, by name and options, and looks at neither time nor size. A preview that renders a
# matte again, or a worker that reuses frame.png, gets the old matte as often as it asks (WebP and AVIF, and PNG and TIFF for
# measures such as avg); new options, such as access="sequential", show the new file. No error; Pillow and OpenCV in the same
# process read the new one. revalidate=True opens it again, and pyvips.cache_set_max(0) turns the memory off. Seen with pyvips
# 3.2.0 and libvips 8.18.7 (pyvips-binary), Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyvips==3.2.0 pyvips-binary==8.18.7 pillow==12.3.0
env/bin/python - <<'PYTHON'
import os

import pyvips
from PIL import Image

print("libvips", ".".join(str(pyvips.version(part)) for part in range(3)))


def level(name, **options):
    """The mean of the file's first band."""
    return round(pyvips.Image.new_from_file(name, **options)[0].avg())


for kind in ("png", "tif", "webp", "avif"):
    name = f"matte.{kind}"
    Image.new("RGB", (64, 64), (50, 50, 50)).save(name)
    first = level(name)
    Image.new("RGB", (96, 96), (200, 200, 200)).save(name)
    os.utime(name, (2_000_000_000, 2_000_000_000))
    with Image.open(name) as image:
        pillow = image.getpixel((5, 5))[0]
    again, size = level(name), pyvips.Image.new_from_file(name).width
    print(f"{kind}: {first}; written again with 200: {again}, {size} pixels wide; Pillow {pillow}, 96")
    assert abs(first - 50) <= 1 and abs(pillow - 200) <= 1 and (again, size) == (first, 64)
    assert abs(level(name, access="sequential") - 200) <= 1
    assert abs(level(name, revalidate=True) - 200) <= 1
pyvips.cache_set_max(0)
Image.new("RGB", (64, 64), (90, 90, 90)).save("matte.png")
assert level("matte.png") == 90
print("cache_set_max(0): the new file is read")
PYTHON
