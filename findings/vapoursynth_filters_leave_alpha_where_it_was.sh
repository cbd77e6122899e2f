#!/usr/bin/env bash
# VapourSynth carries a clip's alpha as a property of its frames (std.ClipToProp, "for attaching alpha", std.PropToClip), and no filter
# that moves a picture moves it: after FlipHorizontal, Turn180, AddBorders and Crop together or a resize that pans, at the same
# size, the matte is where it was, and the cut-out beside its subject, mirrored or shifted. Crop, Turn90 and resize leave it in
# its old size and depth, and ask nobody. Merge, MaskedMerge and AverageFrames, which mix two cut-outs, give the first one's alpha
# alone to the mixture. No filter warns or refuses. Only the matte as a clip of its own, put through the same filters, fits.
# Seen with VapourSynth 81; needs Python 3.12.
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
WIDTH, HEIGHT = 64, 32


def ramp(first, last):
    """A grey clip of one frame that goes from one level at the left to another at the right."""
    levels = np.linspace(first, last, WIDTH).astype(np.uint8)

    def filled(n, f):
        frame = f.copy()
        np.asarray(frame[0])[:] = levels
        return frame

    blank = core.std.BlankClip(width=WIDTH, height=HEIGHT, format=vs.GRAY8, length=1)
    return blank.std.ModifyFrame(blank, filled)


def levels(clip):
    row = np.array(clip.get_frame(0)[0])[HEIGHT // 4]
    return int(row[1]), int(row[-2])


def both(clip, change):
    """What a filter makes of the picture, of the alpha that is attached to it, and of the same alpha as a clip of its own."""
    changed = change(clip)
    attached = changed.std.PropToClip(prop="_Alpha")
    return levels(changed), levels(attached), levels(change(clip.std.PropToClip(prop="_Alpha"))), attached


# The alpha is as bright as the picture: what happens to the one should happen to the other.
cut_out = core.std.ClipToProp(ramp(0, 252), ramp(0, 252), prop="_Alpha")
for name, change in {
    "FlipHorizontal": lambda clip: clip.std.FlipHorizontal(),
    "Turn180": lambda clip: clip.std.Turn180(),
    "Crop and AddBorders": lambda clip: clip.std.Crop(left=16).std.AddBorders(right=16),
    "resize that pans": lambda clip: clip.resize.Point(src_left=16),
}.items():
    picture, attached, apart, clip = both(cut_out, change)
    print(f"{name}: picture {picture}, its alpha {attached}, the alpha as a clip {apart}")
    assert attached == levels(cut_out) != picture == apart and clip.width == WIDTH
for name, change in {
    "Crop": lambda clip: clip.std.Crop(left=16),
    "Turn90": lambda clip: clip.std.Turn90(),
    "resize": lambda clip: clip.resize.Point(WIDTH // 2, HEIGHT // 2),
    "16 bits": lambda clip: clip.resize.Point(format=vs.GRAY16),
}.items():
    changed = change(cut_out)
    attached = changed.std.PropToClip(prop="_Alpha")
    seen = [(clip.width, clip.height, clip.format.bits_per_sample) for clip in (changed, attached)]
    print(f"{name}: picture {seen[0]}, its alpha {seen[1]}")
    assert seen[0] != seen[1] == (WIDTH, HEIGHT, 8)
other = core.std.ClipToProp(ramp(252, 0), ramp(252, 0), prop="_Alpha")
for name, mixed in (
    ("Merge", core.std.Merge(cut_out, other)),
    ("MaskedMerge by white", core.std.MaskedMerge(cut_out, other, core.std.BlankClip(cut_out, color=255))),
    ("AverageFrames", core.std.AverageFrames([cut_out, other], [1, 1])),
):
    picture, alpha = levels(mixed), levels(mixed.std.PropToClip(prop="_Alpha"))
    print(f"{name}: picture {picture}, its alpha {alpha}")
    assert alpha == levels(cut_out) != picture
PYTHON
