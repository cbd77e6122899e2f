#!/usr/bin/env bash
# VTK's vtkImageBlend, which lays pictures over one another in medical and scientific viewers, never changes the alpha of the first one: an opaque
# cut-out laid on an empty RGBA canvas is (200, 100, 50) at alpha 0, invisible, and over a half transparent layer it stays at half. Its colour is
# mixed as if the canvas were opaque black, so that half opacity is (100, 50, 25) at 0. The other mode, "compound", which weighs by the sum of
# the alphas, has that right and makes an opaque picture under one of half alpha half transparent (127), and two halves wholly so, 0. No
# message. Blend on an opaque canvas, or on RGB, where the normal mode is right.
# Seen with vtk 9.7.2 and NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check vtk==9.7.2 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkVersion
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkImagingCore import vtkImageBlend

print("VTK", vtkVersion.GetVTKVersion())


def flat(*pixel):
    image = vtkImageData()
    image.SetDimensions(4, 4, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.full((16, len(pixel)), pixel, np.uint8), deep=True))
    return image


def blended(lower, upper, compound=False):
    blend = vtkImageBlend()
    if compound:
        blend.SetBlendModeToCompound()
    for pixel in (lower, upper):
        blend.AddInputData(flat(*pixel))
    blend.Update()
    return vtk_to_numpy(blend.GetOutput().GetPointData().GetScalars())[0].tolist()


def over(lower, upper):
    """The upper one over the lower one, straight, by Porter and Duff."""
    low, high = (pixel[3] / 255 if len(pixel) == 4 else 1.0 for pixel in (lower, upper))
    alpha = high + low * (1 - high)
    colour = [(u * high + c * low * (1 - high)) / alpha for c, u in zip(lower[:3], upper[:3], strict=True)]
    return [round(level) for level in colour] + ([round(255 * alpha)] if len(lower) == 4 else [])


skin = (200, 100, 50)
for name, lower, upper, normal, compound in (
    ("opaque over nothing", (0, 0, 0, 0), (*skin, 255), [*skin, 0], [*skin, 255]),
    ("half over nothing", (0, 0, 0, 0), (*skin, 128), [100, 50, 25, 0], [*skin, 128]),
    ("opaque over half of blue", (0, 0, 255, 128), (*skin, 255), [*skin, 128], None),
    ("half over half of blue", (0, 0, 255, 128), (*skin, 128), [100, 50, 152, 128], [100, 50, 152, 0]),
    ("half over opaque blue", (0, 0, 255, 255), (*skin, 128), [100, 50, 152, 255], [66, 33, 186, 127]),
    ("half over blue without alpha", (0, 0, 255), (*skin, 128), [100, 50, 152], None),
):
    right = over(lower, upper)
    seen = [blended(lower, upper), blended(lower, upper, compound=True)]
    print(f"  {name}: {seen[0]}, compound {seen[1]}; right is {right}")
    assert np.abs(np.subtract(seen[0], normal)).max() <= 2
    assert compound is None or np.abs(np.subtract(seen[1], compound)).max() <= 2
    if lower[3:] in ((), (255,)):
        assert np.abs(np.subtract(seen[0], right)).max() <= 2
PYTHON
