#!/usr/bin/env bash
# Paddle's vision transforms choose their own code by what they are given, and for a NumPy array it isn't what they do to a picture of Pillow or a tensor, which
# agree. affine turns an array counter clockwise, though clockwise is documented, and forgets the centre: at 90 degrees the subject is out of the frame, with
# scale 0.5 it moves to the upper left corner, and a shear slants the rows instead of the columns. rotate turns arrays about a place half a pixel off, so that
# 180 degrees lose a row and a column. So a frame that was read as a picture and a matte that is an array, with the same random parameters, part. adjust_contrast
# turns an array about level 74, whatever its mean: a bright frame gets darker by 29. adjust_saturation draws a factor for an array, another one each call:
# 1, for the original, changes it, and 0, for grey, doesn't. adjust_hue takes arrays for BGR, where to_grayscale takes them for RGB. No message.
# Give both as Pillow pictures. Seen with paddlepaddle 3.3.1, OpenCV 4.14.0, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check paddlepaddle==3.3.1 opencv-python-headless==4.14.0.94 pillow==12.3.0 numpy==2.2.6
cat > seen.py <<'PYTHON'
import numpy as np
import paddle
from paddle.vision.transforms import functional
from PIL import Image

print("paddlepaddle", paddle.__version__)
matte = np.zeros((24, 24, 3), np.uint8)
matte[4:12, 6:18] = 255


def answers(picture, transform):
    """What the transform makes of an array, a picture and a tensor, as arrays of 0 to 255."""
    tensor = paddle.to_tensor(picture.transpose(2, 0, 1).astype(np.float32) / 255)
    return (
        np.asarray(transform(picture)),
        np.asarray(transform(Image.fromarray(picture))),
        np.rint(transform(tensor).numpy().transpose(1, 2, 0) * 255).astype(np.uint8),
    )


def place(picture):
    """First and last column and row of the subject."""
    rows, columns = np.nonzero(picture[..., 0] > 127)
    return [int(edge) for edge in (columns.min(), columns.max(), rows.min(), rows.max())] if rows.size else None


def affine(angle=0, scale=1.0, shear=(0, 0), translate=(0, 0)):
    return lambda picture: functional.affine(picture, angle, translate, scale, shear)


def rotate(angle):
    return lambda picture: functional.rotate(picture, angle)


for name, transform, array, other in (
    ("affine, nothing", affine(), [6, 17, 4, 11], [6, 17, 4, 11]),
    ("affine, moved by 3 and 1", affine(translate=(3, 1)), [9, 20, 5, 12], [9, 20, 5, 12]),
    ("affine, 90 degrees", affine(90), None, [12, 19, 6, 17]),
    ("affine, scale 0.5", affine(scale=0.5), [3, 8, 2, 5], [9, 14, 8, 11]),
    ("affine, sheared by 20 degrees", affine(shear=(20, 0)), [6, 17, 6, 17], [6, 20, 4, 11]),
    ("rotate, 90 degrees", rotate(90), [4, 11, 7, 18], [4, 11, 6, 17]),
    ("rotate, 180 degrees", rotate(180), [7, 18, 13, 20], [6, 17, 12, 19]),
):
    seen = [place(answer) for answer in answers(matte, transform)]
    print(f"  {name}: array {seen[0]}, picture {seen[1]}, tensor {seen[2]}")
    assert seen == [array, other, other]
white = answers(np.full_like(matte, 255), rotate(180))
print("  white pixels of 576 after 180 degrees:", [int((answer[..., 0] == 255).sum()) for answer in white])
assert [int((answer[..., 0] == 255).sum()) for answer in white] == [23 * 23, 576, 576]

bright = np.full((8, 8, 3), 132, np.uint8)
for factor, array in ((0, 74), (0.5, 103), (1, 132)):
    seen = [int(answer[0, 0, 0]) for answer in answers(bright, lambda picture, factor=factor: functional.adjust_contrast(picture, float(factor)))]
    print(f"  a flat 132 with contrast {factor}: array {seen[0]}, picture {seen[1]}, tensor {seen[2]}")
    assert seen == [array, 132, 132]

colour = np.full((4, 4, 3), (200, 100, 50), np.uint8)
array, picture, tensor = (answer[0, 0].astype(int) for answer in answers(colour, lambda picture: functional.adjust_hue(picture, 0.1)))
reversed_array = functional.adjust_hue(np.ascontiguousarray(colour[..., ::-1]), 0.1)[0, 0, ::-1].astype(int)
print(f"  (200, 100, 50) with hue 0.1: array {array.tolist()}, as BGR {reversed_array.tolist()}, picture {picture.tolist()}, tensor {tensor.tolist()}")
assert np.abs(picture - tensor).max() <= 3 and np.abs(reversed_array - picture).max() <= 3
assert np.abs(array - picture).max() > 100
greys = [int(answer[0, 0, 0]) for answer in answers(colour, lambda picture: functional.to_grayscale(picture, 3))]
print("  its grey: array {}, picture {}, tensor {}".format(*greys))
assert max(greys) - min(greys) <= 1

np.random.seed(0)
for factor, grey in ((1.0, False), (0.0, True)):
    seen = [answers(colour, lambda picture, factor=factor: functional.adjust_saturation(picture, factor)) for _ in range(5)]
    arrays, pictures, tensors = ([answer[0, 0].tolist() for answer in kind] for kind in zip(*seen))
    print(f"  its saturation {factor}, five times: arrays {arrays}, pictures {pictures[0]}, tensors {tensors[0]}")
    assert all(answer == pictures[0] for answer in pictures) and np.abs(np.subtract(pictures[0], tensors[0])).max() <= 1
    assert (len(set(pictures[0])) == 1) == grey
    if grey:
        assert all(answer == [200, 100, 50] for answer in arrays)
    else:
        assert pictures[0] == [200, 100, 50] and len({tuple(answer) for answer in arrays}) == 5
PYTHON
env/bin/python -W ignore seen.py
