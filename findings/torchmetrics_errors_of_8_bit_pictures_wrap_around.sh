#!/usr/bin/env bash
# torchmetrics subtracts and squares 8-bit pictures as they are: a uint8 tensor, as every image reader gives it, runs over at 256 without a
# message. Where a matte says 250 for 5 and the other way round, the mean squared error is 127 instead of 59556, so that RMSE is 11, not 244,
# and the mean absolute error depends on which picture comes first, 223 or 33. Both wrong on the safe-looking side: the larger the
# mistake, the smaller it can look. Minkowski distance, SMAPE, WMAPE and explained variance do the same; total variation
# does it in single pictures. SSIM and UQI refuse uint8, PSNR is right, and so are int32 and float. scikit-image converts first.
# Call .float() on both pictures. Seen with torchmetrics 1.9.0, PyTorch 2.13.0, scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 scikit-image==0.26.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import numpy as np
import torch
import torchmetrics
import torchmetrics.functional as scores
from skimage.metrics import mean_squared_error
from torchmetrics.functional.image import peak_signal_noise_ratio, total_variation

print("torchmetrics", torchmetrics.__version__)
first = torch.full((1, 1, 32, 32), 250, dtype=torch.uint8)
first[..., 10:20, 10:20] = 5
second = torch.full_like(first, 5)
second[..., 10:20, 10:20] = 240
by_numpy = first.numpy().astype(float) - second.numpy()
assert np.isclose(mean_squared_error(first.numpy(), second.numpy()), np.mean(by_numpy**2))
measures = {
    "mean squared error": scores.mean_squared_error,
    "mean absolute error": scores.mean_absolute_error,
    "Minkowski distance": lambda a, b: scores.minkowski_distance(a, b, 2.0),
    "SMAPE": scores.symmetric_mean_absolute_percentage_error,
    "WMAPE": scores.weighted_mean_absolute_percentage_error,
    "explained variance": lambda a, b: scores.explained_variance(a.flatten(), b.flatten()),
    "total variation": lambda a, b: total_variation(a),
    "PSNR": lambda a, b: peak_signal_noise_ratio(a, b, data_range=255.0),
}
seen = {}
for name, measure in measures.items():
    seen[name] = [float(measure(*pair)) for pair in ((first, second), (second, first), (first.float(), second.float()))]
    print(f"{name}: uint8 {seen[name][0]:.3f}, exchanged {seen[name][1]:.3f}, as float {seen[name][2]:.3f}")
    assert (abs(seen[name][0] - seen[name][2]) < 1e-3 * abs(seen[name][2])) == (name == "PSNR")
    as_int = float(measure(first.int(), second.int()))
    assert abs(as_int - seen[name][2]) < 1e-3 * abs(seen[name][2])
assert [round(value, 2) for value in seen["mean squared error"]] == [127.25, 127.25, 59556.25]
assert [round(value) for value in seen["mean absolute error"]] == [223, 33, 244]
assert np.isclose(seen["mean squared error"][2], np.mean(by_numpy**2)) and np.isclose(seen["mean absolute error"][2], np.mean(abs(by_numpy)))
PYTHON
