#!/usr/bin/env bash
# OpenTimelineIO's ALE adapter (Avid's list of clips, the usual sheet that goes with dailies and plates) gives back other timecodes than it
# read, without a change between: at 23.976 and 47.952 start, end and duration of the clips are a frame less, and 01:00:00:00 comes back as
# 00:59:59:23. The reader takes the exact 24000/1001, the writer scales to the number that stands in the sheet, and what is then a fraction
# short of a whole frame is cut off. "FPS 23.98", which sheets have too, is off by 14 frames at one hour and more later on. At 29.97 a
# drop-frame list loses its frame as well. At 24, 25, 30, 48, 50 and 60 all is right. No message. A matte that is cut to the sheet is a
# frame short and a frame early. Seen with OpenTimelineIO 0.18.1, otio-ale-adapter 1.1.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenTimelineIO==0.18.1 otio-ale-adapter==1.1.0
env/bin/python -W ignore - <<'PYTHON'
import opentimelineio

print("OpenTimelineIO", opentimelineio.__version__)
SHEET = "Heading\nFIELD_DELIM\tTABS\nVIDEO_FORMAT\t1080\nFPS\t{}\n\nColumn\nName\tStart\tEnd\tDuration\n\nData\nshot\t{}\t{}\t{}\n"


def timecode(frame, rate):
    return f"{frame // (3600 * rate):02}:{frame // (60 * rate) % 60:02}:{frame // rate % 60:02}:{frame % rate:02}"


def through(rate, *times):
    clips = opentimelineio.adapters.read_from_string(SHEET.format(rate, *times), adapter_name="ale")
    columns = ["Name", "Start", "End", "Duration"]
    lines = opentimelineio.adapters.write_to_string(clips, adapter_name="ale", columns=list(columns)).splitlines()
    row = dict(zip(lines[lines.index("Column") + 1].split("\t"), lines[-1].split("\t"), strict=True))
    return tuple(row[name] for name in columns[1:])


print("01:00:00:00 to 01:00:02:00 at 23.976:", through("23.976", "01:00:00:00", "01:00:02:00", "00:00:02:00"))
for rate, whole, is_right in (("23.976", 24, False), ("47.952", 48, False), ("23.98", 24, False), ("24", 24, True), ("25", 25, True), ("30", 30, True), ("48", 48, True), ("50", 50, True), ("60", 60, True)):
    wrong = [0, 0, 0]
    for first in range(3600 * whole, 3660 * whole, 7):
        times = [timecode(frame, whole) for frame in (first, first + 5, 5)]
        for place, (read, written) in enumerate(zip(times, through(rate, *times), strict=True)):
            wrong[place] += read != written
    print(f"FPS {rate}: of {len(range(3600 * whole, 3660 * whole, 7))} clips start, end and duration wrong: {wrong}")
    assert (wrong == [0, 0, 0]) == is_right and (is_right or wrong[0] == len(range(3600 * whole, 3660 * whole, 7)))
off = through("23.98", "01:00:00:00", "01:00:02:00", "00:00:02:00")
print("01:00:00:00 to 01:00:02:00 at 23.98:", off)
assert off[0] == "01:00:00:14"
drop = through("29.97", "01:00:59;28", "01:01:02;02", "00:00:02;02")
print("01:00:59;28 to 01:01:02;02 at 29.97:", drop)
assert drop == ("01:00:59;27", "01:01:02;01", "00:00:02;01")
assert through("23.976", "01:00:00:00", "01:00:02:00", "00:00:02:00") == ("00:59:59:23", "01:00:01:23", "00:00:01:23")
PYTHON
