#!/usr/bin/env bash
# scikit-image's peak_signal_noise_ratio takes the largest number that a type can hold for white, unless data_range is given. The same two
# mattes of 0 to 255 score 27.8 dB as uint8, 76 as uint16, 166 as int32 and 359 as int64, which is what a subtraction, numpy.where or
# PyTorch leave behind. Floats count as 0 to 1, until the first picture has a value below 0: then the range is 2, and one pixel of
# -0.000000001, as a bicubic filter or a solver leaves it, makes every error 6 dB smaller; one in the second picture does not.
# A report that mixes both rates methods by their rounding. The documentation says "estimated from the image data-type". No
# message; structural_similarity refuses floats without a range. Give data_range each time. Seen with scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check scikit-image==0.26.0 numpy==2.2.6
env/bin/python -W error - <<'PYTHON'
import numpy as np
import skimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

print("scikit-image", skimage.__version__)
truth = np.zeros((64, 64), np.uint8)
truth[16:48, 16:48] = 255
answer = np.where(truth, truth, 12).astype(np.uint8)
right = 10 * np.log10(255**2 / np.mean((truth.astype(float) - answer) ** 2))
for kind, expected in (("uint8", 27.8), ("uint16", 76.0), ("int32", 166.3), ("int64", 359.0)):
    pair = truth.astype(kind), answer.astype(kind)
    seen, given = peak_signal_noise_ratio(*pair), peak_signal_noise_ratio(*pair, data_range=255)
    print(f"levels 0 to 255 as {kind}: {seen:.1f} dB, with data_range=255 {given:.1f} dB")
    assert abs(seen - expected) < 0.1 and np.isclose(given, right)
truth, answer = truth / 255, answer / 255
seen = [peak_signal_noise_ratio(truth, answer)]
for below in ("truth", "answer"):
    pictures = {"truth": truth.copy(), "answer": answer.copy()}
    # At a place where the two differ by 12 levels anyway.
    pictures[below][0, 0] -= 1e-9 if below == "truth" else 12 / 255 + 1e-9
    seen.append(peak_signal_noise_ratio(pictures["truth"], pictures["answer"]))
print("as floats: {:.2f} dB, with one pixel below 0 in the truth {:.2f} dB, in the answer {:.2f} dB".format(*seen))
assert np.isclose(seen[0], right) and abs(seen[1] - right - 20 * np.log10(2)) < 0.01 and abs(seen[2] - right) < 0.01
try:
    structural_similarity(truth, answer)
except ValueError as error:
    print("structural_similarity:", error)
else:
    raise AssertionError("structural_similarity takes floats without a range")
PYTHON
