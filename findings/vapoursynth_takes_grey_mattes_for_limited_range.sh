#!/usr/bin/env bash
# VapourSynth's resize, which converts every format, takes grey for video of limited range, and a matte is grey: white of an RGB picture is
# 235 in GRAY8 and black 16, so that a mask read from a PNG never hides and never shows anything wholly in MaskedMerge; 255 of an 8-bit
# matte is 65280 at 16 bits; and a float matte goes from -0.073 to 1.091: MaskedMerge cuts that off, so that all below 16 is
# nothing and all above 235 is the whole subject, and the same mixture by std.Expr leaves the range between its two clips.
# std.Binarize, MaskedMerge and PropToClip mean the whole range, and the format is the
# same. range_in="full" and range="full" keep every level. No message. Seen with VapourSynth 81; needs
# Python 3.12.
set -euo pipefail
python=${PYTHON:-python3}
"$python" -c "import sys; sys.exit(sys.version_info < (3, 12))" || python=python3.12
"$python" -c "" 2> /dev/null || { echo "Python 3.12 is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$python" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check vapoursynth==81 numpy==2.2.6
env/bin/python - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import vapoursynth as vs

core = vs.core
print("VapourSynth", version("vapoursynth"))
LEVELS = (0, 16, 128, 235, 255)


def clip_of(levels, format=vs.GRAY8):
    def filled(n, f):
        frame = f.copy()
        for plane in range(frame.format.num_planes):
            np.asarray(frame[plane])[:] = levels
        return frame

    blank = core.std.BlankClip(width=len(levels), height=4, format=format, length=1)
    return blank.std.ModifyFrame(blank, filled)


def row(clip):
    return [round(float(value), 3) for value in np.array(clip.get_frame(0)[0])[0]]


grey = clip_of(LEVELS)
seen = row(clip_of(LEVELS, vs.RGB24).resize.Point(format=vs.GRAY8, matrix=vs.MATRIX_BT709))
print(f"{LEVELS} from RGB24 to GRAY8: {seen}")
assert (seen[0], seen[-1]) == (16, 235)
mask = clip_of(LEVELS, vs.RGB24).resize.Point(format=vs.GRAY8, matrix=vs.MATRIX_BT709)
seen = row(core.std.MaskedMerge(grey.std.BlankClip(color=0), grey.std.BlankClip(color=255), mask))
print("white over black by it:", seen)
assert (seen[0], seen[-1]) == (16, 235)
seen = row(grey.resize.Point(format=vs.GRAY16))
print("GRAY8 to GRAY16:", seen)
assert seen == [256 * level for level in LEVELS]
matte = grey.resize.Point(format=vs.GRAYS)
seen = row(matte)
print("GRAY8 to GRAYS:", seen)
assert seen == [-0.073, 0, 0.511, 1, 1.091]
black = core.std.BlankClip(matte, color=0)
white = core.std.BlankClip(matte, color=1)
for name, mixed, expected in (
    ("MaskedMerge", core.std.MaskedMerge(black, white, matte), (0, 1)),
    ("Expr", core.std.Expr([black, white, matte], "x 1 z - * y z * +"), (-0.073, 1.091)),
):
    seen = row(mixed)
    print(f"white over black by it, {name}: {seen}")
    assert (seen[0], seen[-1]) == expected and seen[1] == 0 and seen[3] == 1
for format, whole in ((vs.GRAY16, 65535), (vs.GRAYS, 1)):
    seen = row(grey.resize.Point(format=format, range_in=vs.RANGE_FULL, range=vs.RANGE_FULL))
    print("told that the range is full:", seen)
    assert all(abs(value - level / 255 * whole) <= whole / 1000 for value, level in zip(seen, LEVELS, strict=True))
    assert (seen[0], seen[-1]) == (0, whole)
PYTHON
