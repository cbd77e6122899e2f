#!/usr/bin/env bash
# torchvision's v2 transforms scale a tv_tensors.Mask with the old "nearest", which takes each pixel's value from its corner, not its
# middle: beside its picture, which is scaled rightly, the mask lies a quarter to half a pixel of the result too far right and down, for
# every shrinking and every enlarging but by a whole number. Resize, RandomShortestSize and ScaleJitter (LSJ, which detectors and segmenters
# are trained with) do it, always to the same side, so that a network learns it and its mattes are off by it. Geometric transforms that
# keep the grid, RandomAffine, do not. interpolation=NEAREST_EXACT heals the mask, and takes the picture without a filter, too: what is right for
# both is a matte wrapped as tv_tensors.Image. Seen with torchvision 0.29.1, PyTorch 2.14.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check torchvision==0.29.1 torch==2.14.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import torch
import torchvision
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2

print("torchvision", torchvision.__version__)
rows, columns = torch.meshgrid(torch.arange(384), torch.arange(512), indexing="ij")
disc = (((rows - 161.3) ** 2 + (columns - 283.7) ** 2) < 90.0**2).float()[None]


def middle(matte):
    """Where the disc's middle lies, as row and column in shares of the frame."""
    area = matte[0].double()
    height, width = area.shape
    row = (area.sum(dim=1) * (torch.arange(height) + 0.5)).sum() / area.sum() / height
    column = (area.sum(dim=0) * (torch.arange(width) + 0.5)).sum() / area.sum() / width
    return torch.stack([row, column])


def off(transform):
    """How far the mask lies beside the picture, in pixels of the result, down and right, and the result's size."""
    torch.manual_seed(2)
    picture, mask = transform(tv_tensors.Image(disc), tv_tensors.Mask(disc))
    assert picture.shape == mask.shape
    height, width = mask.shape[1:]
    return ((middle(mask) - middle(picture)) * torch.tensor([height, width])).tolist(), (height, width)


for name, transform, expected in (
    ("Resize to 1/2", v2.Resize((192, 256)), 0.25),
    ("Resize to 1/4", v2.Resize((96, 128)), 0.375),
    ("Resize to 1/8", v2.Resize((48, 64)), 0.4375),
    ("Resize to 288 x 384", v2.Resize((288, 384)), 0.375),
    ("Resize to 288 x 384, NEAREST_EXACT", v2.Resize((288, 384), interpolation=InterpolationMode.NEAREST_EXACT), 0),
    ("ScaleJitter", v2.ScaleJitter((384, 512)), 0.5),
    ("RandomShortestSize", v2.RandomShortestSize(250), 0.5),
    ("Resize to 2/1", v2.Resize((768, 1024)), 0),
    ("RandomAffine", v2.RandomAffine(20, (0.1, 0.1), (1.1, 1.3)), 0),
):
    (down, right), size = off(transform)
    print(f"{name}: {size}, mask {down:.2f} pixels down, {right:.2f} right of the picture")
    assert abs(down - expected) < 0.15 and abs(right - expected) < 0.15
grating = tv_tensors.Image(columns.remainder(2).float()[None])
for method in (InterpolationMode.BILINEAR, InterpolationMode.NEAREST_EXACT):
    levels = v2.Resize((192, 256), interpolation=method)(grating)[0, 96, 100:110].unique().tolist()
    print(f"lines one pixel wide, halved with {method.value}: levels {levels}")
    assert (levels == [0.5]) == (method == InterpolationMode.BILINEAR) and (levels in ([0], [1])) == (method == InterpolationMode.NEAREST_EXACT)
small = v2.Resize((48, 64))(tv_tensors.Image(disc))
off_itself = float(((middle(small) - middle(disc)) * torch.tensor([48, 64])).abs().max())
print(f"the picture itself, at 1/8: within {off_itself:.2f} pixels of where it was")
assert off_itself < 0.05
PYTHON
