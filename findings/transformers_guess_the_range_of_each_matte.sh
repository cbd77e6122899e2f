#!/usr/bin/env bash
# transformers' image_transforms, which its image processors and its users put masks and mattes through, guess from the values whether a
# float picture means 0 to 1 or 0 to 255, for each picture anew: where all values happen to be whole, it is taken for 0 to 255. A matte of
# 0 and 1 with one soft pixel is 0, 127 and 255 in to_pil_image; without that pixel it is 0 and 1, which is black, so that in a clip the
# frames without a soft edge vanish. resize goes by the same rule: the hard matte comes back as uint8 with a hard edge, 0 or 1, the other
# one as float32 with a soft edge, in steps of 1/255 that are cut instead of rounded (0.999 is 254). An overshoot, 1.02, is an error.
# do_rescale=True tells to_pil_image; resize has no such argument. Seen with transformers 5.23.0, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check transformers==5.23.0 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON' 2> messages
import numpy as np
import transformers
from transformers.image_transforms import resize, to_pil_image
from transformers.image_utils import PILImageResampling

print("transformers", transformers.__version__)
hard = np.zeros((1, 16, 16), np.float32)
hard[:, :, 8:] = 1
soft = hard.copy()
soft[0, 0, 7] = 0.5


def levels(picture):
    return sorted(set(np.asarray(picture).ravel().tolist()))


def larger(matte):
    return resize(matte, (24, 24), resample=PILImageResampling.BILINEAR)


print("to_pil_image: hard", levels(to_pil_image(hard)), "with one soft pixel", levels(to_pil_image(soft)))
assert levels(to_pil_image(hard)) == [0, 1] and levels(to_pil_image(soft)) == [0, 127, 255]
assert levels(to_pil_image(hard, do_rescale=True)) == [0, 255]
assert levels(to_pil_image(np.full((1, 4, 4), 0.999, np.float32))) == [254]
for name, matte in (("hard", hard), ("with one soft pixel", soft)):
    seen = larger(matte)
    row = seen[0, 12, 9:15].round(2).tolist()
    print(f"resize from 16 to 24, {name}: {seen.dtype}, across the edge {row}")
    assert seen.dtype == (np.uint8 if matte is hard else np.float32)
    assert (len(levels(row)) == 2) == (matte is hard)
try:
    larger(hard * np.float32(1.02))
except ValueError as error:
    print("1.02:", str(error)[:60])
else:
    raise SystemExit("an overshoot is taken")
PYTHON
