#!/usr/bin/env bash
# colour-science's one-dimensional look-up table takes a picture with alpha and puts alpha through the curve as well: of a display curve
# (a square root here) a matte of 0.25 becomes 0.5, and a soft edge grows. LUT3D and LUT3x1D refuse four channels, so that only the
# plainest of the three goes wrong. Outside its domain LUT1D goes on in a straight line where LUT3D holds on to its ends, and a .cube
# file that it wrote itself says domain 0 to 1: -0.5 is -4 by the one and 0 by the other, and what is above white goes on
# above 1. OpenColorIO, reading the same .cube, leaves alpha alone and holds the ends. No message. Give apply the colour alone, clipped to
# the domain. Seen with colour-science 0.4.7, OpenColorIO 2.6.0, NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check colour-science==0.4.7 opencolorio==2.6.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import colour
import numpy as np
import PyOpenColorIO as ocio

print("colour-science", colour.__version__, "OpenColorIO", ocio.GetVersion())
curve = colour.LUT1D(colour.LUT1D.linear_table(65) ** 0.5)
cube = colour.LUT3D(colour.LUT3D.linear_table(33) ** 0.5)
channels = colour.LUT3x1D(colour.LUT3x1D.linear_table(65) ** 0.5)
pixel = np.array([[0.25, 0.25, 0.25, 0.25]])
print("0.25 with alpha 0.25 by LUT1D:", curve.apply(pixel))
assert np.allclose(curve.apply(pixel), 0.5, atol=1e-3)
for table in (cube, channels):
    assert np.allclose(table.apply(pixel[:, :3]), 0.5, atol=0.02)
    try:
        table.apply(pixel)
    except ValueError as error:
        print(type(table).__name__, "refuses it:", error)
    else:
        raise AssertionError(type(table).__name__)

outside = np.array([[-0.5, 0.25, 1.5]])
print(outside[0], "by LUT1D", curve.apply(outside)[0].round(2), "and by LUT3D", cube.apply(outside)[0].round(2))
low, _, high = curve.apply(outside)[0]
assert low < -1 and high > 1.2
assert np.allclose(cube.apply(outside), [[0, 0.5, 1]], atol=0.02)

colour.write_LUT(curve, "curve.cube")
again = colour.read_LUT("curve.cube").apply(outside)[0]
assert again[0] < -1 and again[2] > 1.2
config = ocio.Config.CreateRaw()
processor = config.getProcessor(ocio.FileTransform(src="curve.cube", interpolation=ocio.INTERP_LINEAR)).getDefaultCPUProcessor()
seen = processor.applyRGBA([-0.5, 0.25, 1.5, 0.25])
print("OpenColorIO with the same file:", np.round(seen, 2))
assert np.allclose(seen, [0, 0.5, 1, 0.25], atol=0.01)
PYTHON
