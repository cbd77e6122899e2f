#!/usr/bin/env bash
# OpenColorIO gives pixels that are NaN a plain colour: a look-up table, in one dimension or three, a range and an exponent take NaN for
# the lower end, so that under a show's LUT a failed network's or render's pixels are whatever black becomes, and a check for NaN
# afterwards finds none; a logarithm makes -126 of them. ExponentTransform does it to alpha as well, whose exponent is 1: NaN is 0,
# and so is a negative one; the others leave alpha alone. ExponentWithLinear (sRGB), the half-float table and the
# grades hand NaN on, so that it depends on how a colour space was written down. An inverted table hides NaN as usually optimised and
# keeps it with OPTIMIZATION_LOSSLESS. No message. Look for NaN before colour is changed. Seen with OpenColorIO 2.6.0, on a CPU.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencolorio==2.6.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import PyOpenColorIO as ocio

print("OpenColorIO", ocio.__version__)
config = ocio.Config.CreateRaw()
STEPS = 17


def table(direction=ocio.TRANSFORM_DIR_FORWARD):
    made = ocio.Lut1DTransform(length=STEPS, inputHalfDomain=False)
    for step in range(STEPS):
        made.setValue(step, *[(step / (STEPS - 1)) ** 0.5] * 3)
    made.setDirection(direction)
    return made


def cube():
    """Turns colour over: black becomes white."""
    made = ocio.Lut3DTransform(gridSize=STEPS)
    for place in np.ndindex(STEPS, STEPS, STEPS):
        made.setValue(*place, *(1 - np.array(place) / (STEPS - 1)))
    return made


transforms = {
    "table": table(),
    "cube": cube(),
    "range": ocio.RangeTransform(minInValue=0, maxInValue=1, minOutValue=0, maxOutValue=1),
    "exponent": ocio.ExponentTransform(value=[2.2, 2.2, 2.2, 1]),
    "logarithm": ocio.LogTransform(base=2),
    "inverted table": table(ocio.TRANSFORM_DIR_INVERSE),
    "half-float table": ocio.Lut1DTransform(length=65536, inputHalfDomain=True),
    "exponent with linear": ocio.ExponentWithLinearTransform(gamma=[2.4, 2.4, 2.4, 1], offset=[0.055, 0.055, 0.055, 0]),
    "primary grade": ocio.GradingPrimaryTransform(ocio.GRADING_LIN),
}
hidden = {"table": 0, "cube": 1, "range": 0, "exponent": 0, "logarithm": -126, "inverted table": 0}


def graded(transform, pixels, optimization=ocio.OPTIMIZATION_DEFAULT):
    changed = np.array([pixels], np.float32)
    config.getProcessor(transform).getOptimizedCPUProcessor(optimization).applyRGBA(changed)
    return changed[0]


nan = np.nan
for name, transform in transforms.items():
    failed, negative = graded(transform, [[nan, nan, nan, nan], [0.5, 0.5, 0.5, -0.25]])
    print(f"{name}: NaN becomes {failed.tolist()}, alpha -0.25 becomes {negative[3]}")
    assert np.allclose(failed[:3], hidden[name], atol=0.01) if name in hidden else np.isnan(failed[:3]).all()
    if name == "exponent":
        assert failed[3] == 0 and negative[3] == 0
    else:
        assert np.isnan(failed[3]) and negative[3] == -0.25
exact = graded(transforms["inverted table"], [[nan] * 4], ocio.OPTIMIZATION_LOSSLESS)[0]
print("inverted table, lossless:", exact.tolist())
assert np.isnan(exact).all()
PYTHON
