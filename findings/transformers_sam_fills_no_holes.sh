#!/usr/bin/env bash
# post_process_masks of SAM 2's and SAM 3's processors in transformers takes max_hole_area and max_sprinkle_area, "the maximum area of a
# hole to fill", and "of a sprinkle", as Meta's own predictor does, documents them, and never uses them: at any value the hole in the
# subject and the speck beside it stay in the mask, bit for bit the same, without a message. A pipeline ported from Meta's code loses its
# clean-up that way. Any other name is taken as well and does nothing: max_hole_size, or SAM 1's pad_size. binarize=False with a threshold
# gives logits that no threshold has touched. Fill by oneself (SciPy, below). Seen with transformers 5.23.0, torchvision 0.29.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check transformers==5.23.0 torchvision==0.29.1 torch==2.14.1 pillow==12.3.0 scipy==1.17.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON' 2> messages
import inspect

import torch
import transformers
from scipy import ndimage

print("transformers", transformers.__version__)
logits = torch.full((1, 1, 128, 128), -5.0)
logits[..., 20:100, 20:100] = 5
logits[..., 40:43, 40:43] = -5
logits[..., 5:9, 110:113] = 5


def state(mask):
    """How many holes and how many parts a mask has."""
    return ndimage.label(~mask)[1] - 1, ndimage.label(mask)[1]


for name in ("Sam2", "Sam3"):
    processor = getattr(transformers, f"{name}ImageProcessor")()
    known = inspect.signature(processor.post_process_masks).parameters
    assert "max_hole_area" in known and "hole to fill" in processor.post_process_masks.__doc__
    plain = processor.post_process_masks([logits], [(256, 256)])[0]
    for options in ({}, {"max_hole_area": 100.0, "max_sprinkle_area": 100.0}, {"max_hole_area": 1e9, "max_sprinkle_area": 1e9}, {"max_hole_size": 100}):
        seen = processor.post_process_masks([logits], [(256, 256)], **options)[0]
        holes, parts = state(seen[0, 0].numpy())
        print(f"{name} {options}: {holes} hole, {parts} parts, {int(seen.sum())} pixels")
        assert (seen == plain).all() and (holes, parts) == (1, 2)
    soft = [processor.post_process_masks([logits], [(256, 256)], mask_threshold=value, binarize=False)[0] for value in (0.0, 4.0)]
    assert (soft[0] == soft[1]).all() and soft[0].min() == -5

mask = plain[0, 0].numpy()
parts, count = ndimage.label(mask)
kept = [label for label in range(1, count + 1) if (parts == label).sum() > 100]
filled = ndimage.binary_fill_holes(sum((parts == label) for label in kept).astype(bool))
print("by SciPy:", *state(filled), int(filled.sum()))
assert state(filled) == (0, 1)
PYTHON
