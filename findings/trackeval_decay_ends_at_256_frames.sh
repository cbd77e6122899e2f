#!/usr/bin/env bash
# TrackEval, which the video object segmentation and tracking benchmarks are scored with, keeps the places where it cuts a clip into
# quarters for DAVIS's J and F decay as 8-bit numbers: from 256 frames on they run over. The decay of a clip of 255 frames whose second
# half is off is 0.095, of 256 and 300 it is NaN, of 400 it is 0, the number of a tracker that loses nothing, and one such clip makes the
# mean over all of them NaN. Its boundary measure F in turn knows no contour at the frame's edge: a mask that fills the frame has none, so
# that nothing for everything scores F 1, as does everything for nothing, and J&F is 0.5 for a total miss. No message but NumPy's "mean of
# empty slice". Work decay out by oneself. In metrics/j_and_f.py. Seen with TrackEval 1.3.0, pycocotools 2.0.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check trackeval==1.3.0 pycocotools==2.0.11 scikit-image==0.26.0 opencv-python-headless==4.14.0.94 numpy==2.4.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
from pycocotools import mask as coco
from trackeval.metrics.j_and_f import JAndF

print("TrackEval", importlib.metadata.version("trackeval"))
nothing = np.zeros((100, 160), np.uint8)
everything = np.ones_like(nothing)
subject = nothing.copy()
subject[30:70, 50:110] = 1
beside = np.roll(subject, 3, axis=1)


def scores(truths, answers):
    """What TrackEval says of a clip with one object."""
    sets = {}
    for side, masks in (("gt", truths), ("tracker", answers)):
        sets[f"{side}_dets"] = [[coco.encode(np.asfortranarray(mask))] for mask in masks]
        sets[f"{side}_ids"] = [np.arange(1)] * len(masks)
        sets[f"num_{side}_ids"] = 1
        sets[f"num_{side}_dets"] = len(masks)
    return JAndF().eval_sequence({"num_timesteps": len(truths), **sets})


clips = {}
for frames, expected in ((200, 0.095), (255, 0.095), (256, None), (300, None), (400, 0.0)):
    half = frames // 2
    seen = scores([subject] * frames, [subject] * half + [beside] * (frames - half))
    print(f"{frames} frames, the second half 3 pixels off: J {seen['J-Mean']:.3f}, J decay {seen['J-Decay']:.3f}, F decay {seen['F-Decay']:.3f}")
    clips[f"clip of {frames}"] = seen
    assert 0.95 < seen["J-Mean"] < 0.955
    if expected is None:
        assert np.isnan(seen["J-Decay"]) and np.isnan(seen["F-Decay"])
    else:
        assert abs(seen["J-Decay"] - expected) < 0.001 and (seen["F-Decay"] == 0) == (expected == 0)
together = JAndF().combine_sequences(clips)
print(f"all five clips: J {together['J-Mean']:.3f}, J decay {together['J-Decay']:.3f}")
assert np.isnan(together["J-Decay"])
for name, truth, answer in (("nothing for everything", everything, nothing), ("everything for nothing", nothing, everything)):
    seen = scores([truth] * 4, [answer] * 4)
    print(f"{name}: J {seen['J-Mean']:.1f}, F {seen['F-Mean']:.1f}, J&F {seen['J&F']:.1f}")
    assert seen["J-Mean"] == 0 and seen["F-Mean"] == 1 and seen["J&F"] == 0.5
missed = scores([subject] * 4, [nothing] * 4)
assert missed["J-Mean"] == 0 and missed["F-Mean"] == 0
PYTHON
