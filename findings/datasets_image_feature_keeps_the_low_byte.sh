#!/usr/bin/env bash
# The Image feature of Hugging Face's datasets, in which most public segmentation and matting sets are kept, writes a colour or RGBA array
# of 16 bits, or of int64, with the low byte of each value: 1000 becomes 232, 256 becomes 0, a gradient a row of stripes. The message,
# "Downcasting array dtype uint16 to uint8 to be compatible with Pillow", reads like a loss of depth. One channel of 16 bits is kept. But
# Image(mode="L"), or "RGB", which training code asks for so that all pictures are alike, turns whatever is above 255 of 65535 white, so
# that a matte of 16 bits is a hard mask, and a float matte of 0 to 1 black, where it is opaque level 1 of 255; RGBA becomes the colour
# hidden under its alpha. No message there. Scale to 8 bits before. Seen with datasets 5.2.0, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check datasets==5.2.0 pillow==12.3.0 numpy==2.2.6
env HF_HOME="$folder" HF_HUB_OFFLINE=1 env/bin/python - <<'PYTHON'
import warnings

import datasets
import numpy as np
from datasets import Dataset, Features, Image

print("datasets", datasets.__version__)


def kept(array, mode=None):
    """What a data set of this one picture hands out, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = Dataset.from_dict({"picture": [array]}, features=Features({"picture": Image(mode=mode)}))
        seen = np.asarray(data[0]["picture"])
    return seen, sorted({str(warning.message)[:43] for warning in caught if "array" in str(warning.message)})


levels = np.array([[0, 100, 255, 256, 1000, 32768, 65535]])
for name, depth in (("RGB", 3), ("RGBA", 4)):
    for kind in (np.uint16, np.int64):
        seen, said = kept(np.repeat(levels[..., None], depth, axis=2).astype(kind))
        print(f"{name} of {kind.__name__}: {levels[0].tolist()} is {seen.dtype} {seen[0, :, 0].tolist()}, warning {said}")
        assert seen.dtype == np.uint8 and (seen[0, :, 0] == levels[0] % 256).all() and len(said) == 1
matte = levels.astype(np.uint16)
unit = np.array([[0, 0.25, 0.5, 0.99, 1]], np.float32)
assert (kept(matte)[0] == matte).all() and (kept(unit)[0] == unit).all()
for mode in ("L", "RGB"):
    seen, said = kept(matte, mode)
    print(f'a matte of 16 bits with mode="{mode}": {seen.reshape(7, -1)[:, 0].tolist()}, warnings {said}')
    assert seen.reshape(7, -1)[:, 0].tolist() == [0, 100, 255, 255, 255, 255, 255] and not said
    seen, said = kept(unit, mode)
    print(f'a float matte with mode="{mode}": {seen.reshape(5, -1)[:, 0].tolist()}, warnings {said}')
    assert seen.max() <= 1 and not said
hidden = np.array([[[0, 255, 0, 0], [200, 60, 20, 255]]], np.uint8)
seen, _ = kept(hidden, "RGB")
print('transparent green with mode="RGB":', seen[0, 0].tolist())
assert seen[0, 0].tolist() == [0, 255, 0]
PYTHON
