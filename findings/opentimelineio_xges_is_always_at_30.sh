#!/usr/bin/env bash
# OpenTimelineIO's adapter for GStreamer's editing services (XGES, which Pitivi uses) gives back each timeline at 30 frames a second, at whatever rate it
# was written: a clip of 1001 frames at 25 comes back as 1201.2 frames and one of 37 frames at 24 as 46.25. In seconds that is right, to
# some nanoseconds, but the numbers are no whole frames: cut off, which is how frame numbers are made of them, even 30 loses a frame
# of each clip (36.99999999 is 36), and a matte that is cut or rendered to the list is a frame short and starts a frame early. No message.
# Rescale start and duration to the rate of the plate and round. Seen with OpenTimelineIO 0.18.1, otio-xges-adapter 1.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenTimelineIO==0.18.1 otio-xges-adapter==1.0.0
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import opentimelineio
from opentimelineio.opentime import RationalTime, TimeRange

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("OpenTimelineIO", "otio-xges-adapter")))
CLIPS = ((100, 1001), (5, 37), (86400, 250))  # first frame in the source and number of frames


def span(start, count, rate):
    return TimeRange(RationalTime(start, rate), RationalTime(count, rate))


for rate in (24, 25, 30, 50, 24000 / 1001, 30000 / 1001):
    timeline = opentimelineio.schema.Timeline("reel")
    track = opentimelineio.schema.Track("video", kind=opentimelineio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for number, (start, count) in enumerate(CLIPS):
        source = opentimelineio.schema.ExternalReference(f"file:///plates/{number}.mov", span(0, 200000, rate))
        track.append(opentimelineio.schema.Clip(f"plate {number}", source, span(start, count, rate)))
    text = opentimelineio.adapters.write_to_string(timeline, "xges")
    again = opentimelineio.adapters.read_from_string(text, "xges")
    ranges = [clip.source_range for clip in again.find_clips()]
    seen = [(found.start_time.value, found.duration.value) for found in ranges]
    print(f"  {rate:.3f} a second, {CLIPS}: read as {seen} at {ranges[0].duration.rate:g}")
    assert len(ranges) == len(CLIPS)
    for (start, count), found in zip(CLIPS, ranges, strict=True):
        assert found.duration.rate == found.start_time.rate == 30
        assert abs(found.duration.value - count * 30 / rate) < 1e-4 and abs(found.start_time.value - start * 30 / rate) < 1e-4
        rounded = round(found.duration.rescaled_to(rate).value), round(found.start_time.rescaled_to(rate).value)
        assert rounded == (count, start)
    if rate == 30:
        assert [int(count) for _, count in seen] == [1000, 36, 249] and int(seen[1][0]) == 4
PYTHON
