#!/usr/bin/env bash
# MediaPipe's mp.Image takes a NumPy array, the way into every segmenter of its tasks, and copies the numbers that lie in memory from the array's
# first one on, without a look at the strides. OpenCV's frame[..., ::-1], from BGR to RGB, has the right red, and for green and blue the
# blue and green of the right neighbour; a crop is sheared, a frame of every second row is its upper half, a transposed one is
# scrambled, and the alpha plane of an RGBA picture holds red, green, blue and alpha in turn. RGBA handed over as SRGB is taken for pixels of three
# numbers: only too few are refused. Width, height, channels and type are as they should be: no error and no message, the model only
# answers with a worse mask. The documentation speaks of pixels that are stored continuously, and nothing checks it;
# np.ascontiguousarray makes each of them right.
# Seen with mediapipe 1.2.3 and NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check mediapipe==1.2.3 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import mediapipe as mp
import numpy as np

print("mediapipe", importlib.metadata.version("mediapipe"), "NumPy", np.__version__)
Format = mp.ImageFormat
HEIGHT, WIDTH = 48, 64
# A clip in one block, so that what is read after a frame is the frame after it. Each picture is a soft ramp.
rows, columns = np.mgrid[:HEIGHT, :WIDTH]
picture = np.stack([40 + 2 * columns, 90 + 3 * rows, 230 - 3 * columns, 4 * columns], axis=-1).astype(np.uint8)
rgba = np.stack([picture, picture, picture])
rgb = rgba[..., :3].copy()
deep = rgba[..., 3].astype(np.uint16) * 257
floats = rgba[..., 3].astype(np.float32) / 255


def taken(image_format, data):
    image = mp.Image(image_format=image_format, data=data)
    answer = image.numpy_view().copy()
    assert answer.dtype == data.dtype and answer.shape[:2] == data.shape[:2] == (image.height, image.width)
    return answer.reshape(data.shape)


VIEWS = {
    "BGR to RGB, frame[..., ::-1]": (Format.SRGB, rgb[0][..., ::-1]),
    "a crop, frame[8:40, 10:50]": (Format.SRGB, rgb[0][8:40, 10:50]),
    "every second row": (Format.SRGB, rgb[0][::2]),
    "turned, transpose(1, 0, 2)": (Format.SRGB, rgb[0].transpose(1, 0, 2)),
    "colour of RGBA, frame[..., :3]": (Format.SRGB, rgba[0][..., :3]),
    "the alpha plane, frame[..., 3]": (Format.GRAY8, rgba[0][..., 3]),
    "a crop of 16 bits": (Format.GRAY16, deep[0][8:40, 10:50]),
    "a crop of floats": (Format.VEC32F1, floats[0][8:40, 10:50]),
}
for name, (image_format, view) in VIEWS.items():
    whole = np.ascontiguousarray(view)
    top = np.iinfo(view.dtype).max if view.dtype.kind == "u" else 1
    off = np.abs(taken(image_format, view).astype(float) - whole) / top * 255
    right = np.array_equal(taken(image_format, whole), whole)
    print(f"  {name}: {(off > 1).mean():.0%} of the numbers are wrong, by {off.max():.0f} levels at most; a copy is right: {right}")
    assert right and (off > 1).mean() > 0.3 and off.max() > 40
    # What was taken is the memory from the first number of the view on.
    memory = np.lib.stride_tricks.as_strided(view, (view.size,), (view.itemsize,))
    assert np.array_equal(taken(image_format, view).ravel(), memory)

swapped = taken(Format.SRGB, rgb[0][..., ::-1])
assert np.array_equal(swapped[:, :-1, 1:], rgb[0][:, 1:, :2]) and np.array_equal(swapped[..., 0], rgb[0][..., 2])
assert np.array_equal(taken(Format.SRGB, rgb[0][::2]), rgb[0][: HEIGHT // 2])

image = mp.Image(image_format=Format.SRGB, data=rgba[0])
wide = image.numpy_view()
print(f"  RGBA as SRGB is taken: the second pixel {rgba[0][0, 1].tolist()} is {wide[0, 1].tolist()}")
assert wide[0, 1].tolist() == [rgba[0][0, 0, 3], *rgba[0][0, 1, :2]]
try:
    mp.Image(image_format=Format.SRGBA, data=rgb[0])
except ValueError as error:
    print("  RGB as SRGBA is refused:", error)
else:
    raise AssertionError("too few bytes were taken")
PYTHON
