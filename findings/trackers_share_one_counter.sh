#!/usr/bin/env bash
# The trackers package counts its objects for the whole process, not for a tracker. A second clip's tracker so goes on where the first one
# stopped, ids depend on what ran before, and reset() of one, which says that it resets the counter, sets that of all of them to 0: of two
# clips that are worked on by turns, one that is reset makes the other give a new person the id of one who is still there, so that two
# people of one frame are 0, and masks or mattes that are kept by id fall into one. ByteTrackTracker and SORTTracker do it, each class by
# itself. No message; a single clip a process shows nothing. Norfair's trackers count each for themselves. In core/*/kalman_box_tracker.py
# (count_id). Give every clip a process of its own, or map ids by oneself. Seen with trackers 2.1.0, supervision 0.31.2, norfair 2.1.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check trackers==2.1.0 supervision==0.31.2 norfair==2.1.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import norfair
import numpy as np
import supervision as sv
from trackers import ByteTrackTracker, SORTTracker

print("trackers", importlib.metadata.version("trackers"))
FRAMES = 6


def people(count):
    """Boxes that stand still, far from each other."""
    left = np.arange(count) * 100
    return np.stack([left, left * 0, left + 50, left * 0 + 80], axis=1).astype(np.float32)


def with_boxes(tracker):
    """One step of a tracker of the package: the ids of a frame, from left to right."""

    def step(count):
        boxes = people(count)
        seen = tracker.update(sv.Detections(xyxy=boxes, confidence=np.full(count, 0.9, np.float32)))
        return [int(number) for number in seen.tracker_id[np.argsort(seen.xyxy[:, 0])]]

    return step, tracker.reset


def with_points():
    """The same of Norfair, which has no reset: another tracker is made instead."""
    tracker = norfair.Tracker(distance_function="mean_euclidean", distance_threshold=30, initialization_delay=1, hit_counter_max=5)

    def step(count):
        seen = tracker.update([norfair.Detection(points=box.reshape(2, 2)) for box in people(count)])
        return [person.id for person in sorted(seen, key=lambda person: person.estimate[0, 0])]

    return step, with_points


for name, make in (
    ("ByteTrackTracker", lambda: with_boxes(ByteTrackTracker())),
    ("SORTTracker", lambda: with_boxes(SORTTracker())),
    ("Norfair", with_points),
):
    first, _ = make()
    second, reset_second = make()
    alone = [first(2) for _ in range(FRAMES)][-1]
    other = [second(2) for _ in range(FRAMES)][-1]
    reset_second()
    joined = [first(3) for _ in range(FRAMES)][-1]
    print(f"{name}: first clip {alone}, second clip {other}; after a reset of the second a third person joins the first: {joined}")
    assert len(set(alone)) == len(set(other)) == 2 and joined[:2] == alone
    if name == "Norfair":
        assert other == alone and len(set(joined)) == 3
    else:
        assert not set(other) & set(alone) and joined[2] == joined[0] == 0
PYTHON
