#!/usr/bin/env bash
# scikit-image's denoise_bilateral gives frames of another range according to what is in them: an 8-bit matte of 0 to 255 comes back as
# floats of 0 to 1, a frame of one single level, nothing of the subject or nothing but it, as it was: uint8, 255 stays 255. In a clip the
# frame in which the subject fills the picture is 255 times as bright as its neighbours, and a mean over the clip goes by it. No message.
# Other filters there (gaussian, denoise_tv_chambolle, denoise_nl_means) scale both alike. Seen with scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check scikit-image==0.26.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import skimage
from skimage.filters import gaussian
from skimage.restoration import denoise_bilateral, denoise_nl_means, denoise_tv_chambolle

print("scikit-image", skimage.__version__)
rows, columns = np.mgrid[:64, :64]
disc = (np.clip((22 - np.hypot(rows - 32, columns - 32)) / 6, 0, 1) * 255).astype(np.uint8)
full, half, empty = (np.full((64, 64), level, np.uint8) for level in (255, 128, 0))
for smooth in (denoise_bilateral, gaussian, denoise_tv_chambolle, denoise_nl_means):
    found = [smooth(frame) for frame in (disc, full, half, empty)]
    maxima = [round(float(frame.max()), 3) for frame in found]
    print(f"{smooth.__name__}: largest value of a disc, full, half and empty frame: {maxima}, {[str(frame.dtype) for frame in found]}")
    expected = [1, 255, 128, 0] if smooth is denoise_bilateral else [1, 1, 128 / 255, 0]
    assert np.allclose(maxima, expected, atol=0.002)
    assert (found[1].dtype == np.uint8) == (smooth is denoise_bilateral)
PYTHON
