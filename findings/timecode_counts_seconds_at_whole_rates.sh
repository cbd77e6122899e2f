#!/usr/bin/env bash
# The timecode package takes seconds for frames of the whole rate and frames for one more than there are. At 29.97 an hour
# given as start_seconds=3600 is 01:00:03;17, 107 frames after the right 01:00:00;00 (frame 107892); .float of 01:00:00;00 says
# 3596.43 s, where 3599.996 is right; at 23.976 3600 s come out 85 frames late. At every rate, 25 too, a second is 00:00:00:24,
# .float and to_realtime are a frame late, and 01:00:00:00 + 00:00:10:00 is 01:00:10:01, while + 250 frames is right. The
# .frame_number of a timecode given as text is right. No warning. Seen with timecode 1.5.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check timecode==1.5.1
env/bin/python - <<'PYTHON'
import importlib.metadata
from fractions import Fraction

from timecode import Timecode

print("timecode", importlib.metadata.version("timecode"))
for rate, exact, late in (
    ("25", Fraction(25), -1),
    ("29.97", Fraction(30000, 1001), 107),
    ("23.976", Fraction(24000, 1001), 85),
    ("59.94", Fraction(60000, 1001), 215),
):
    hour = Timecode(rate, start_seconds=3600)
    right = round(3600 * exact)
    print(f"3600 s at {rate}: {hour}, frame {hour.frame_number} instead of {right}")
    assert hour.frame_number - right == late, hour.frame_number

for text, rate, exact, seconds in (
    ("01:00:00;00", "29.97", Fraction(30000, 1001), 3596.43),
    ("01:00:00:00", "23.976", Fraction(24000, 1001), 3600.04),
    ("01:00:00:00", "25", Fraction(25), 3600.04),
):
    start = Timecode(rate, text)
    right = float(start.frame_number / exact)
    print(f"{text} at {rate}: {start.float:.3f} s instead of {right:.3f}, frame {start.frame_number}")
    assert abs(start.float - seconds) < 0.01 < abs(start.float - right), start.float
    assert abs(start.to_realtime(True) - right - float(1 / exact)) < 1e-6

start, ten_seconds = Timecode("25", "01:00:00:00"), Timecode("25", "00:00:10:00")
print(start, "+", ten_seconds, "=", start + ten_seconds, "and + 250 =", start + 250)
assert str(start + ten_seconds) == "01:00:10:01" and str(start + 250) == "01:00:10:00"
PYTHON
