#!/usr/bin/env bash
# diffusers' VaeImageProcessor, through which every picture and mask of its pipelines goes, takes a tensor of four channels for latents and
# hands it back as it is: an RGBA picture as a tensor is neither scaled from 0..1 to -1..1, nor brought to a multiple of 8, nor to the
# height and width asked for; the same picture as PIL or NumPy is. One value below 0, the overshoot of a resize, makes it take the whole
# batch for -1..1: black comes back as grey, mid grey as 0.75, with a FutureWarning that calls it deprecated. What resizes depends on the
# type as well: a PIL picture is filtered (Lanczos), an array or tensor is taken by nearest, so that lines one pixel wide are grey in
# one and white in the other and a mask lies half a pixel beside its picture; and crops_coords is obeyed for PIL alone, so that a
# cropped picture goes with an uncropped mask. Hand PIL pictures to it, or clamp, scale and crop before. Seen with diffusers 0.42.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check diffusers==0.42.1 torch==2.13.0 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON' 2> messages
import warnings

import diffusers
import numpy as np
import torch
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

print("diffusers", diffusers.__version__)
processor = VaeImageProcessor(vae_scale_factor=8)
rgba = np.zeros((100, 100, 4), np.uint8)
rgba[..., 0], rgba[..., 3] = np.arange(100), 255
unit = rgba / np.float32(255)


def tensor(picture):
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]


for name, picture, is_handed_back in (
    ("PIL, RGBA", Image.fromarray(rgba), False),
    ("NumPy, RGBA", unit[None], False),
    ("tensor, RGB", tensor(unit[..., :3]), False),
    ("tensor, RGBA", tensor(unit), True),
):
    seen = processor.preprocess(picture, height=64, width=64)
    print(f"{name}: {tuple(seen.shape)}, from {seen.min():.2f} to {seen.max():.2f}")
    assert (tuple(seen.shape[2:]) == (100, 100)) == is_handed_back and (seen.min() > -0.01) == is_handed_back

grey = torch.full((2, 3, 64, 64), 0.5)
grey[..., :8] = 0
over = grey.clone()
over[0, 0, 0, 0] = -0.001
for name, picture, black, middle in (("from 0 on", grey, 0, 0.5), ("with one value of -0.001", over, 0.5, 0.75)):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        back = processor.postprocess(processor.preprocess(picture), "pt")
    print(f"black and mid grey {name}: {back[1, 0, 9, 3]:.2f} and {back[1, 0, 9, 40]:.2f}, warnings: {[w.category.__name__ for w in caught]}")
    assert abs(back[1, 0, 9, 3] - black) < 1e-3 and abs(back[1, 0, 9, 40] - middle) < 1e-3

lines = np.zeros((128, 128, 3), np.float32)
lines[:, ::2] = 1
for name, picture in (("PIL", Image.fromarray((lines * 255).astype(np.uint8))), ("NumPy", lines[None]), ("tensor", tensor(lines))):
    seen = processor.postprocess(processor.preprocess(picture, height=64, width=64), "np")[0, 10:-10, 10:-10]
    print(f"lines one pixel wide, halved, {name}: from {seen.min():.2f} to {seen.max():.2f}")
    assert abs(seen.mean() - (0.5 if name == "PIL" else 1)) < 0.01

masks = VaeImageProcessor(vae_scale_factor=8, do_normalize=False, do_binarize=True, do_convert_grayscale=True)
half = np.zeros((64, 96), np.float32)
half[:, 48:] = 1
for name, mask, expected in (
    ("PIL", Image.fromarray((half * 255).astype(np.uint8)), 1),
    ("NumPy", half[None, ..., None], 0.5),
    ("tensor", torch.from_numpy(half)[None, None], 0.5),
):
    share = float(masks.preprocess(mask, height=64, width=64, crops_coords=(48, 0, 96, 64)).mean())
    print(f"the white right half of a mask, cropped by crops_coords, {name}: {share:.0%} white")
    assert share == expected
PYTHON
