#!/usr/bin/env bash
# What OpenTimelineIO's own adapters write of a timeline is often another timeline, without a message. An EDL leaves out where the timeline
# starts: global_start_time 01:00:00:00 gives record times from 00:00:00:00 on (issue 1385), so that a conform by timecode lands an hour
# beside the picture, and the start is None when it is read again. An ALE says "FPS 24" at every rate and counts in 24ths: clips
# of 33 frames at 25 are 31 frames long there, and at 24000/1001 frame 86500 is 86586; an argument fps=25 cures it. Final Cut 7 XML and
# AAF keep the start and forget speed: a clip at double speed, backwards or frozen is an ordinary one (the adapters' tables say that they
# don't support it; writing says nothing), and the matte laid on it runs at its own pace. The EDL keeps the speed.
# Seen with OpenTimelineIO 0.18.1, otio-cmx3600-adapter 1.0.0, otio-ale-adapter 1.1.0, otio-fcp-adapter 1.0.0, otio-aaf-adapter 2.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenTimelineIO==0.18.1 otio-cmx3600-adapter==1.0.0 \
  otio-ale-adapter==1.1.0 otio-fcp-adapter==1.0.0 otio-aaf-adapter==2.0.0 pyaaf2==1.7.1
env/bin/python - <<'PYTHON'
import opentimelineio
from opentimelineio import adapters, schema
from opentimelineio.opentime import RationalTime, TimeRange

print("OpenTimelineIO", opentimelineio.__version__)


def timeline(rate, effect=None):
    """Two clips of 33 frames; the timeline starts at 01:00:00:00."""
    made = schema.Timeline("cut", global_start_time=RationalTime(3600 * round(rate), rate))
    track = schema.Track("V", kind="Video")
    made.tracks.append(track)
    for name in ("one", "two"):
        media = schema.ExternalReference(f"file:///{name}.mov", TimeRange(RationalTime(86400, rate), RationalTime(1000, rate)))
        track.append(schema.Clip(name, media, TimeRange(RationalTime(86500, rate), RationalTime(33, rate))))
    if effect:
        track[0].effects.append(effect)
    return made


def again(made, name, **options):
    adapters.write_to_file(made, f"cut.{name}", name, **({"use_empty_mob_ids": True} if name == "AAF" else {}))
    return adapters.read_from_file(f"cut.{name}", name, **options)


RATE = {"cmx_3600": {"rate": 25}, "fcp_xml": {}, "AAF": {}}
for name, options in RATE.items():
    start = again(timeline(25), name, **options).global_start_time
    print(name, "starts at", start and start.to_timecode())
    assert (start is None) if name == "cmx_3600" else (start == RationalTime(90000, 25))
events = [line.split() for line in adapters.write_to_string(timeline(25), "cmx_3600").splitlines() if line.startswith("00")]
print("EDL:", " ".join(events[0]))
assert events[0][4:] == ["00:57:40:00", "00:57:41:08", "00:00:00:00", "00:00:01:08"]

for rate, options, expected in ((25, {}, (83040, 31, 24)), (24000 / 1001, {}, (86586, 33, 24)), (25, {"fps": 25}, (86500, 33, 25))):
    written = adapters.write_to_string(timeline(rate), "ale", **options)
    clip = adapters.read_from_string(written, "ale", **options)[0]
    start, length = clip.source_range.start_time, clip.source_range.duration
    print(f"ALE at {rate:.3f} {options}: {written.split('FPS')[1].split()[0]} a second, from frame {start.value:.0f}, {length.value:.0f} long")
    assert (round(start.value), round(length.value), start.rate) == expected

for effect in (schema.LinearTimeWarp(time_scalar=2.0), schema.LinearTimeWarp(time_scalar=-1.0), schema.FreezeFrame()):
    for name, options in RATE.items():
        clip = next(iter(again(timeline(25, effect), name, **options).find_clips()))
        speeds = [kept.time_scalar for kept in clip.effects]
        print(f"speed {effect.time_scalar} in {name}: {speeds or 'lost'}, {clip.source_range.duration.value:.0f} frames")
        assert speeds == ([effect.time_scalar] if name == "cmx_3600" else [])
PYTHON
