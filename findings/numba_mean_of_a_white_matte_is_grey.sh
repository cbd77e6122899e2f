#!/usr/bin/env bash
# numba's compiled mean and sum of a float32 array add one number after another in float32, where NumPy, whose functions they stand for,
# adds in pairs: from 16777216 pixels on a white matte's sum grows no more, its mean is 0.95 at 4200 x 4200 and 0.51 at 8K, and a flat 0.3
# of 25 million pixels has mean 0.336; std of a flat matte is 0.04 instead of 0. A test on a small picture passes. float64 is right. And
# the difference of two bytes taken out of arrays is an unsigned number of 64 bits: abs(a[i] - b[i]) of 5 and 250 is 18446744073709551371
# in a loop, while a - b of the same arrays in the same function wraps around to 11, as in NumPy (the widening is documented, the two
# answers of one function are not). No message. Seen with numba 0.68.1, NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numba
import numpy as np

print("numba", numba.__version__, "NumPy", np.__version__)


@numba.njit
def statistics(matte):
    return np.mean(matte), np.sum(matte), np.std(matte)


@numba.njit
def difference(one, other):
    """Of the first elements: taken out and subtracted, and the other way round."""
    return abs(one[0] - other[0]), (one - other)[0]


for name, shape, level, expected in (
    ("white, 1080p", (1080, 1920), 1.0, 1.0),
    ("white, 4200 x 4200", (4200, 4200), 1.0, 0.951),
    ("white, 8K", (4320, 7680), 1.0, 0.506),
    ("0.3, 5000 x 5000", (5000, 5000), 0.3, 0.336),
):
    matte = np.full(shape, level, np.float32)
    mean, total, spread = statistics(matte)
    print(f"{name}: mean {mean:.4f}, sum {total:.0f}, std {spread:.4f}; NumPy: mean {matte.mean():.4f}, std {matte.std():.4f}")
    assert abs(mean - expected) < 0.001 and abs(matte.mean() - level) < 1e-4
    assert spread < 1e-4 or expected != level
exact = statistics(np.full((5000, 5000), 0.3))
assert abs(exact[0] - 0.3) < 1e-6
one, other = np.array([5], np.uint8), np.array([250], np.uint8)
taken, whole = difference(one, other)
print(f"5 less 250 in bytes: {taken} of the elements, {whole} of the arrays; NumPy: {(one - other)[0]}")
assert int(taken) == 2**64 - 245 and whole == (one - other)[0] == 11
PYTHON
