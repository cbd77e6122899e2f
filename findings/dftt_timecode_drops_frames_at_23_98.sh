#!/usr/bin/env bash
# dftt-timecode counts 23.976 frames a second in drop-frame, which SMPTE ST 12-1 has for 29.97 and its multiples only: drop_frame=False is not
# looked at there, is_drop_frame is True, and frame 1440 is 00:01:00;01 where every editor shows 00:01:00:00. After an hour it is
# 86 frames, 3.6 seconds: 86400 frames, 01:00:00:00, are "01:00:03;14", and the timecode 01:00:00:00, read as type "smpte", is frame
# 86314. One frame is left out a minute. Seconds of real time come out as 01:00:00;00, which makes it look right. Its own
# documentation says "strict SMPTE compliance" and that is_drop_frame is True for 29.97 and its multiples when asked for. At 24, 29.97 and
# 47.952 it does as it is told. Work in frames, and let another library write the text. Seen with dftt-timecode 1.0.0, OpenTimelineIO 0.18.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check dftt-timecode==1.0.0 OpenTimelineIO==0.18.1
env/bin/python - <<'PYTHON'
import logging
from fractions import Fraction
from importlib.metadata import version

from dftt_timecode import DfttTimecode
from opentimelineio import opentime

logging.disable(logging.CRITICAL)
print("dftt-timecode", version("dftt-timecode"), "OpenTimelineIO", version("OpenTimelineIO"))


def text(frame, rate):
    return DfttTimecode(frame, "frame", fps=rate, drop_frame=False).timecode_output("smpte")


def right(frame, rate):
    """Non-drop-frame timecode by OpenTimelineIO."""
    exact = float(Fraction(round(rate) * 1000, 1001)) if rate % 1 else rate
    return opentime.to_timecode(opentime.RationalTime(frame, exact), exact, False)


for rate in (23.976, 24, 29.97):
    for frame in (1439, 1440, 86400):
        seen, expected = text(frame, rate), right(frame, rate)
        print(f"{rate}, frame {frame}: {seen}; OpenTimelineIO {expected}")
        assert (seen == expected) == (rate != 23.976)
assert [text(frame, Fraction(24000, 1001)) for frame in (1439, 1440, 86400)] == ["00:00:59;23", "00:01:00;01", "01:00:03;14"]
assert text(172800, 47.952) == "01:00:00:00"
asked = DfttTimecode("01:00:00:00", "smpte", fps=23.976, drop_frame=False)
print("01:00:00:00 at 23.976 is frame", asked.framecount, "drop-frame:", asked.is_drop_frame)
assert asked.framecount == 86314 and asked.is_drop_frame
assert opentime.from_timecode("01:00:00:00", 24000 / 1001).value == 86400
assert not DfttTimecode("01:00:00:00", "smpte", fps=29.97, drop_frame=False).is_drop_frame
PYTHON
