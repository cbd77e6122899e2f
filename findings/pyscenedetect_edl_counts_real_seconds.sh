#!/usr/bin/env bash
# PySceneDetect's EDL says "FCM: NON-DROP FRAME" and counts real seconds: at 30000/1001 frame 108000, which is non-drop 01:00:00:00, is
# written as 01:00:03:17, and at 24000/1001 frame 86400 as 01:00:03:14. An editor that believes the header lays cuts, and the mattes
# made for them, 107 and 86 frames late after an hour, 3 and 2 after two minutes; it is no drop-frame timecode either, and now and
# then two frames get the same one. Short test clips and whole rates show nothing. Seen with PySceneDetect 0.7.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check scenedetect==0.7.2 numpy==2.2.6
env/bin/python - <<'PYTHON'
from pathlib import Path

import scenedetect
from scenedetect import FrameTimecode
from scenedetect.output import write_scene_list_edl

print("PySceneDetect", scenedetect.__version__)


def written(frame, rate):
    """The timecode in the EDL for a cut at a frame."""
    scene = FrameTimecode(0, fps=rate), FrameTimecode(frame, fps=rate)
    write_scene_list_edl(Path("cuts.edl"), [scene])
    lines = Path("cuts.edl").read_text().splitlines()
    assert "FCM: NON-DROP FRAME" in lines, lines
    return next(line for line in lines if line.startswith("001")).split()[-1]


def non_drop(timecode, base):
    hours, minutes, seconds, frames = map(int, timecode.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * base + frames


for rate, base, late in ((30000 / 1001, 30, 107), (24000 / 1001, 24, 86), (25.0, 25, 0)):
    hour = written(3600 * base, rate)
    two_minutes = written(120 * base, rate)
    off = non_drop(hour, base) - 3600 * base, non_drop(two_minutes, base) - 120 * base
    print(f"{rate:.3f}: frame {3600 * base} is {hour}, {off[0]} frames late; frame {120 * base} is {two_minutes}")
    assert off == (late, 3 if base == 30 else 2 if base == 24 else 0), off
codes = [written(frame, 30000 / 1001) for frame in range(1, 1200)]
print("different timecodes for 1199 frames:", len(set(codes)))
assert len(set(codes)) < 1199
PYTHON
