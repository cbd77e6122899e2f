#!/usr/bin/env bash
# FFmpeg's blend puts alpha through the same formula as the colours, and weighs no colour by it. The difference of two opaque pictures, with which
# a clean plate is compared, is wholly transparent, and so are subtract, exclusion, negation and xor of them; grainextract leaves half. Over
# an empty picture, multiply and darken empty a cut-out (alpha 0), and screen and lighten mix in the colour that is hidden there:
# (200, 100, 50) at alpha 128 over a transparent blue is (211, 161, 211) at 128. "normal", which is the default, replaces the lower picture
# where nothing is. Layers with alpha of editors and of the W3C's compositing document do none of this. No message; without
# alpha it is right. Naming c0_mode, c1_mode and c2_mode leaves the upper alpha alone; c3_mode=normal beside all_mode does not, for
# all_mode wins. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import subprocess
from pathlib import Path

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
ORANGE, BLUE = (200, 100, 50), (50, 100, 200)


def blended(upper, lower, options):
    """A pixel of one flat picture blended with another one, RGBA."""
    inputs = []
    for name, pixel in (("upper.raw", upper), ("lower.raw", lower)):
        Path(name).write_bytes(bytes(pixel) * 4096)
        inputs += ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-i", name]
    command = [FFMPEG, "-v", "error", *inputs, "-filter_complex", f"[0][1]blend={options}", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return tuple(done.stdout[:4])


for options, upper, lower, expected in (
    *((f"all_mode={mode}", (*ORANGE, 255), (*BLUE, 255), 0) for mode in ("difference", "subtract", "exclusion", "negation", "xor")),
    ("all_mode=grainextract", (*ORANGE, 255), (*BLUE, 255), 128),
    *((f"all_mode={mode}", (*ORANGE, 255), (*BLUE, 255), 255) for mode in ("multiply", "screen", "overlay", "addition", "darken")),
    ("all_mode=difference:c3_mode=normal", (*ORANGE, 255), (*BLUE, 255), (150, 0, 150, 0)),
    ("c0_mode=difference:c1_mode=difference:c2_mode=difference", (*ORANGE, 255), (*BLUE, 255), (150, 0, 150, 255)),
    ("all_mode=multiply", (*ORANGE, 128), (*BLUE, 0), 0),
    ("all_mode=darken", (*ORANGE, 128), (*BLUE, 0), 0),
    ("all_mode=screen", (*ORANGE, 128), (*BLUE, 0), (211, 161, 211, 128)),
    ("all_mode=lighten", (*ORANGE, 128), (*BLUE, 0), (200, 100, 200, 128)),
    ("all_mode=normal", (*ORANGE, 0), (*BLUE, 255), (*ORANGE, 0)),
):
    seen = blended(upper, lower, options)
    print(f"{options}: {upper} and {lower} make {seen}")
    right = expected if isinstance(expected, tuple) else (*seen[:3], expected)
    assert all(abs(level - other) <= 1 for level, other in zip(seen, right)), expected
PYTHON
