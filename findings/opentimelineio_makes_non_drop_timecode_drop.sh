#!/usr/bin/env bash
# OpenTimelineIO reads a non-drop timecode at 30000/1001 rightly and writes it back as drop-frame: 01:00:00:00 becomes
# 01:00:03;18, because to_timecode without its third argument takes drop-frame from the rate alone and a RationalTime does not
# remember what it was read from. At 24000/1001 nothing changes. A matte that is laid in by timecode sits 108 frames off
# after an hour. to_timecode(rate, False) gives it back. Rates written 29.97 and 23.976 are refused with an error.
# Seen with OpenTimelineIO 0.18.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenTimelineIO==0.18.1
env/bin/python - <<'PYTHON'
import opentimelineio
from opentimelineio import opentime

print("OpenTimelineIO", opentimelineio.__version__)
for rate, expected in ((30000 / 1001, "01:00:03;18"), (60000 / 1001, "01:00:03;36"), (24000 / 1001, "01:00:00:00")):
    time = opentime.from_timecode("01:00:00:00", rate)
    back, told = time.to_timecode(), opentime.to_timecode(time, rate, False)
    print(f"{rate:.3f}: frame {time.value:.0f}, back {back}, told that it is non-drop {told}")
    assert time.value == 3600 * round(rate)
    assert back == expected and told == "01:00:00:00"
for rate in (29.97, 23.976):
    try:
        opentime.from_timecode("01:00:00:00", rate)
    except ValueError as error:
        print(rate, error)
    else:
        raise AssertionError("it is taken now")
PYTHON
