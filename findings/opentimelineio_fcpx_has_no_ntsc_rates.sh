#!/usr/bin/env bash
# OpenTimelineIO's Final Cut Pro X adapter knows NTSC rates by two decimals only. A timeline at 24000/1001, 30000/1001 or
# 60000/1001, as OpenTimelineIO itself rounds rates to, is written with frameDuration="", which leaves the project without a frame
# rate, and the adapter fails on its own file ("not enough values to unpack"). At 23.98, 29.97 or 59.94, given as these numbers, a
# rate is written, but the file is read back at 23, 29 or 59 frames a second: of a clip of 1000 frames 959, 967 or 984 are left,
# and each cut is on another picture. Nothing is said while writing; 24, 25 and 30 go round exactly. Seen with OpenTimelineIO
# 0.18.1, otio-fcpx-xml-adapter 1.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opentimelineio==0.18.1 otio-fcpx-xml-adapter==1.0.0
env/bin/python -W error::UserWarning - <<'PYTHON'
import re

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange


def written(rate):
    """A track of two clips at a rate, as FCPXML."""
    timeline = otio.schema.Timeline("mattes", global_start_time=RationalTime(0, rate))
    track = otio.schema.Track("V1", kind="Video")
    timeline.tracks.append(track)
    for index in range(2):
        media = otio.schema.ExternalReference(f"file:///shot{index}.mov", TimeRange(RationalTime(0, rate), RationalTime(1000, rate)))
        track.append(otio.schema.Clip(f"shot{index}", media, TimeRange(RationalTime(10, rate), RationalTime(480, rate))))
    return otio.adapters.write_to_string(timeline, "fcpx_xml")


def read_back(text):
    clip = otio.adapters.read_from_string(text, "fcpx_xml").find_clips()[0]
    return [clip.source_range.start_time.value, clip.source_range.duration.value, clip.media_reference.available_range.duration.value]


print("OpenTimelineIO", otio.__version__)
frame_duration = {}
for rate in (24, 25, 30, 24000 / 1001, 30000 / 1001, 60000 / 1001, 23.98, 29.97, 59.94):
    text = written(rate)
    frame_duration[rate] = re.search(r'<format [^>]*frameDuration="([^"]*)"', text).group(1)
    try:
        back = read_back(text)
    except ValueError as error:
        back = str(error)
    print(f'{rate:.6g}: frameDuration="{frame_duration[rate]}", read back {back}')
    if rate in (24, 25, 30):
        assert frame_duration[rate] and back == [10, 480, 1000]
    elif rate in (23.98, 29.97, 59.94):
        assert frame_duration[rate].startswith("1001/") and back[2] == {23: 959, 29: 967, 59: 984}[int(rate)], back
    else:
        assert frame_duration[rate] == "" and "not enough values" in back
        assert rate == RationalTime(0, rate).nearest_smpte_timecode_rate(rate)
PYTHON
