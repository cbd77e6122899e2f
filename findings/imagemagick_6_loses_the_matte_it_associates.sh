#!/usr/bin/env bash
# ImageMagick 6, the "convert" of Debian 12 and Ubuntu, loses the matte in operators that don't speak of it. "-alpha associate", multiplying
# by alpha, switches alpha off after it: what it gives is opaque and dark, and so does "-alpha disassociate", so that "associate, work on it,
# disassociate" comes back opaque, the hidden colour in full view; "-alpha on" after it finds every level again. -equalize, for contrast,
# equalises alpha as a fourth colour, 64 and 128 become 0, hair is gone and a hard core is left, while -normalize, -auto-level
# and -contrast-stretch keep alpha. -emboss makes 96 and 170 of 64 and 128; -vignette lays the cut-out's rectangle open, with
# "-background none" as well; -sketch, -charcoal, -edge and -lat are opaque. Status 0 and no message. Seen with ImageMagick 6.9.11-60 Q16
# (Debian's 8:6.9.11.60+dfsg-1.6+deb12u15; other versions are not looked at).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  imagemagick-6.q16=8:6.9.11.60+dfsg-1.6+deb12u15 > apt.log 2>&1 ||
  { echo "Debian's ImageMagick 6.9.11-60 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
library="$folder/root/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$library" PATH="$folder/root/usr/bin:$PATH"
export MAGICK_CONFIGURE_PATH="$folder/root/etc/ImageMagick-6:$library/ImageMagick-6.9.11/config-Q16"
export MAGICK_CODER_MODULE_PATH="$library/ImageMagick-6.9.11/modules-Q16/coders"
export MAGICK_CODER_FILTER_PATH="$library/ImageMagick-6.9.11/modules-Q16/filters"
"${PYTHON:-python3}" - <<'PYTHON'
import subprocess

version = subprocess.run(["convert-im6.q16", "-version"], capture_output=True, text=True, check=True).stdout
print(version.splitlines()[0].removeprefix("Version: ").partition(" http")[0])
WIDTH, HEIGHT = 64, 32
LEVELS = (0, 64, 128, 255)
ROW = b"".join(bytes((200, 100, 50, LEVELS[x // 16])) for x in range(WIDTH))


def after(operators):
    """The four pixels of the middle row, RGBA, after these operators."""
    given = ["-size", f"{WIDTH}x{HEIGHT}", "-depth", "8", "rgba:-"]
    command = ["convert-im6.q16", *given, *operators.split(), "-depth", "8", "rgba:-"]
    done = subprocess.run(command, input=ROW * HEIGHT, capture_output=True, check=True)
    assert not done.stderr and len(done.stdout) == 4 * WIDTH * HEIGHT, done.stderr
    return [tuple(done.stdout[4 * (HEIGHT // 2 * WIDTH + x) :][:4]) for x in (8, 24, 40, 56)]


opaque = (255, 255, 255, 255)
for operators, expected in (
    ("-alpha associate", opaque),
    ("-alpha disassociate", opaque),
    ("-alpha associate -alpha disassociate", opaque),
    ("-alpha associate -blur 0x1 -alpha disassociate", opaque),
    ("-alpha associate -alpha disassociate -alpha on", LEVELS),
    ("-blur 0x1", LEVELS),
    ("-equalize", (0, 0, 0, 255)),
    ("-normalize", LEVELS),
    ("-auto-level", LEVELS),
    ("-contrast-stretch 0", LEVELS),
    ("-sharpen 0x1", LEVELS),
    ("-emboss 1", (0, 96, 170, 255)),
    ("-vignette 0x1", opaque),
    ("-background none -vignette 0x1", opaque),
    ("-sketch 0x1", opaque),
    ("-charcoal 1", opaque),
    ("-edge 1", opaque),
    ("-lat 5x5", opaque),
):
    seen = after(operators)
    print(f"{operators}: {seen}")
    assert all(abs(pixel[3] - level) <= 2 for pixel, level in zip(seen, expected, strict=True)), expected
PYTHON
