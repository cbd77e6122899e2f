#!/usr/bin/env bash
# SimpleITK computes an interpolated pixel as a float and cuts it to a byte instead of rounding, for all but the linear and nearest ways: in a matte that is
# 255 all over, moved by a quarter of a pixel or not at all, cubic and other B-splines and Gaussian leave pixels of 254, for their sum is 254.99999, and the
# windowed sincs (Lanczos, Cosine, Welch, Blackman) make 254 of every pixel, for their weights add up to 0.9993, which nothing divides
# by: at 16 bits white is 65452. Hamming's add up to more than 1. A blurred white of Bilateral is 254 as well. A matte that is resampled
# in a loop so loses a level every time, and "== 255" finds nothing. Linear is exact. Resample floats, divide by the resampled
# constant, round. No message. Seen with SimpleITK 2.5.7 and NumPy 2.2.6 on x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check simpleitk==2.5.7 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import numpy as np
import SimpleITK as sitk

print("SimpleITK", sitk.Version().VersionString())


def moved(image, interpolator, distance):
    return sitk.Resample(image, image, sitk.TranslationTransform(2, (distance, 0.0)), interpolator, float(sitk.GetArrayFromImage(image).max()))


def pixels(image):
    return sitk.GetArrayFromImage(image)


white = sitk.GetImageFromArray(np.full((32, 32), 255, np.uint8))
deep = sitk.GetImageFromArray(np.full((32, 32), 65535, np.uint16))
exact = sitk.GetImageFromArray(np.ones((32, 32), np.float32))
for name, is_exact, share in (
    ("NearestNeighbor", True, 0),
    ("Linear", True, 0),
    ("BSpline3", False, 0.05),
    ("BSpline5", False, 0.05),
    ("Gaussian", False, 0.05),
    ("LanczosWindowedSinc", False, 0.9),
    ("CosineWindowedSinc", False, 0.9),
    ("WelchWindowedSinc", False, 0.9),
    ("BlackmanWindowedSinc", False, 0.9),
):
    interpolator = getattr(sitk, f"sitk{name}")
    seen = pixels(moved(white, interpolator, 0.25))
    sums = pixels(moved(exact, interpolator, 0.25))[16, 8:24]
    print(f"  {name}: {(seen < 255).mean():.0%} of white is {seen.min()}, of 65535 {pixels(moved(deep, interpolator, 0.25)).min()}, weights add up to {sums.min():.5f}")
    assert (seen.min() == 255) == is_exact and seen.min() >= 254 and (seen < 255).mean() >= share
    assert abs(sums.min() - 1) < (0.002 if "Sinc" in name else 1e-5)
assert pixels(moved(exact, sitk.sitkHammingWindowedSinc, 0.25))[16, 16] > 1.002
assert pixels(moved(deep, sitk.sitkLanczosWindowedSinc, 0.5)).min() < 65460

image = white
for _ in range(10):
    image = moved(image, sitk.sitkLanczosWindowedSinc, 0.25)
print("  ten moves by Lanczos, middle:", image.GetPixel(16, 16))
assert image.GetPixel(16, 16) == 245
bilateral = [sitk.Bilateral(sitk.GetImageFromArray(np.full((16, 16), level, np.uint8)), 2.0, 50.0).GetPixel(8, 8) for level in (254, 255)]
print("  Bilateral of 254 and 255:", bilateral)
assert bilateral == [253, 254]
PYTHON
