#!/usr/bin/env bash
# VTK's Gaussian smoothing of bytes, vtkImageGaussianSmooth, the usual way to soften a segmentation before a surface is made or to feather a mask, cuts
# fractions off instead of rounding, once along each axis: flat white (255) is 255, 254 and 253 side by side, a haze of 1 has holes, and
# every pass lowers the mean of a picture by about a level. A matte smoothed ten times has no opaque pixel any more, 252 at most.
# At a standard deviation up to 1 a flat picture happens to stay as it is, which hides it. Floats are right; convert first and round
# afterwards. No message. Seen with vtk 9.7.2 and NumPy 2.2.6.
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
from vtkmodules.vtkImagingGeneral import vtkImageGaussianSmooth

print("VTK", vtkVersion.GetVTKVersion())


def smooth(picture, deviation):
    image = vtkImageData()
    image.SetDimensions(picture.shape[1], picture.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(picture.ravel(), deep=True))
    gauss = vtkImageGaussianSmooth()
    gauss.SetInputData(image)
    gauss.SetDimensionality(2)
    gauss.SetStandardDeviations(deviation, deviation, 0)
    gauss.Update()
    return vtk_to_numpy(gauss.GetOutput().GetPointData().GetScalars()).reshape(picture.shape).copy()


for level in (255, 128, 1):
    for deviation in (1, 2, 5):
        flat = np.full((33, 33), level, np.uint8)
        whole, exact = smooth(flat, deviation), smooth(flat.astype(np.float32), deviation)
        print(f"  flat {level}, deviation {deviation}: {np.unique(whole).tolist()}, as floats off by {np.abs(exact - level).max():.4f}")
        assert np.abs(exact - level).max() < 0.001 and whole.max() == level
        assert whole.min() == level if deviation == 1 else level - 3 < whole.min() < level

rows, columns = np.mgrid[:96, :96]
matte = (np.clip(30 - np.hypot(rows - 48, columns - 48), 0, 8) / 8 * 255).round().astype(np.uint8)
whole, exact = matte, matte.astype(np.float32)
for _ in range(10):
    whole, exact = smooth(whole, 1.5), smooth(exact, 1.5)
middle = np.s_[44:53, 44:53]
print(f"  a matte smoothed ten times: {whole[middle].max()} in the middle, as floats {exact[middle].min():.2f}; the mean is {exact.mean() - whole.mean():.2f} lower")
assert whole.max() <= 252 and exact[middle].min() > 254.5 and exact.mean() - whole.mean() > 1
noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
picture, means = noise, []
for _ in range(10):
    picture = smooth(picture, 1)
    means.append(round(float(picture.mean()), 1))
print(f"  the mean of noise, {noise.mean():.1f}, falls pass by pass to", means)
assert all(0.5 < one - other < 1.5 for one, other in zip([noise.mean(), *means], means, strict=False))
PYTHON
