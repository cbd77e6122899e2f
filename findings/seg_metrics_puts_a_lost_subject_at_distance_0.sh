#!/usr/bin/env bash
# seg-metrics, which scores masks by overlap and by the distance of their outlines, takes the outlines of nothing to be nowhere and their distance for 0: a
# frame whose subject is lost altogether, and a ghost in an empty one, have a Hausdorff distance, hd95 and mean distance of 0, the perfect score, where
# a subject three pixels off has 3 and one pixel left of it 14. So a network that gives up improves the mean of a clip. Its warnings for such frames
# name the ratios alone. A close-up that fills the frame, in one mask, has a distance of 18446742974197923840 to anything
# with an outline, so that one frame of it is the mean of the clip, and of 0 to nothing. Of a lost close-up vs, the similarity of sizes, is 1, the value for
# equal sizes, though it is otherwise 0 for those and -2 for a lost subject. Look at such frames apart. Seen with seg-metrics 1.2.8, SimpleITK 2.5.7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check seg-metrics==1.2.8 simpleitk==2.5.7 numpy==2.4.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import logging

import numpy as np
import seg_metrics.seg_metrics as sg

print("seg-metrics", importlib.metadata.version("seg-metrics"))
warnings = []
logging.getLogger().addHandler(handler := logging.Handler())
handler.emit = lambda record: warnings.append(record.getMessage())
nothing = np.zeros((60, 80), np.uint8)
subject, pixel, half = nothing.copy(), nothing.copy(), nothing.copy()
subject[20:40, 20:40] = 1
pixel[30, 30] = 1
half[:, :40] = 1
close_up = np.ones_like(nothing)

for name, truth, answer, distance, size in (
    ("equal", subject, subject, 0, 0),
    ("three pixels off", subject, np.roll(subject, 3, axis=1), 3, 0),
    ("one pixel left", subject, pixel, 14.142, -1.99),
    ("lost", subject, nothing, 0, -2),
    ("a ghost", nothing, subject, 0, 2),
    ("half of a close-up", close_up, half, 2.0**64, -2 / 3),
    ("a close-up for a subject", subject, close_up, 2.0**64, 1.692),
    ("a lost close-up", close_up, nothing, 0, 1),
):
    (scores,) = sg.write_metrics(labels=[1], gdth_img=truth, pred_img=answer, metrics=["dice", "hd", "hd95", "msd", "vs"])
    scores = {metric: round(float(values[0]), 3) for metric, values in scores.items() if metric != "label"}
    print(f"  {name}: {scores}")
    assert abs(scores["hd"] - distance) <= max(0.001, distance * 1e-6)
    assert abs(scores["vs"] - size) < 0.01
    if distance in (0, 2.0**64):
        assert abs(scores["hd95"] - distance) <= distance * 1e-6 and abs(scores["msd"] - distance) <= distance * 1e-6
print("  warned of:", *warnings, sep="\n    ")
assert warnings and not any("distance" in text.lower() or "hd" in text.lower() for text in warnings)
PYTHON
