#!/usr/bin/env bash
# safetensors.numpy's save and save_file write as many bytes as the array has from its first element on and never look at its strides, so
# that a view, which is what numpy gives for a picture turned to channels first, a crop, every second row or a Fortran array, is stored
# scrambled under the right shape and number type: a matte cropped to its right half comes back sheared into stripes, a frame moved to
# (3, H, W) with its colours mixed. In 0.7 the same call was right; the docstring asks for contiguous arrays, nothing checks it, and
# safetensors.torch refuses such a tensor. Call numpy.ascontiguousarray before. Seen with safetensors 0.8.0, right in 0.7.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
for version in 0.7.0 0.8.0; do
    env/bin/python -m pip install --quiet --disable-pip-version-check safetensors==$version numpy==2.2.6
    env/bin/python - <<'PYTHON'
import numpy as np
import safetensors
from safetensors.numpy import load, load_file, save, save_file

print("safetensors", safetensors.__version__)
is_right = safetensors.__version__ == "0.7.0"
rows, columns = np.mgrid[:32, :48]
matte = (np.hypot(rows - 16, columns - 30) < 12).astype(np.float32)
frame = np.stack([rows * 5, columns * 5, np.full((32, 48), 99)], axis=2).astype(np.uint8)
views = {
    "whole matte": matte,
    "right half": matte[:, 24:],
    "every second row": matte[::2],
    "Fortran order": np.asfortranarray(matte),
    "frame": frame,
    "frame, channels first": frame.transpose(2, 0, 1),
    "frame, channels first, copied": np.ascontiguousarray(frame.transpose(2, 0, 1)),
}
save_file(views, "file.safetensors")
loaded, in_memory = load_file("file.safetensors"), load(save(views))
for name, view in views.items():
    back = loaded[name]
    assert back.shape == view.shape and back.dtype == view.dtype and (in_memory[name] == back).all()
    share = float((back != view).mean())
    print(f"  {name}: {view.shape}, contiguous {view.flags.c_contiguous}, other values in {share:.0%}")
    assert (share == 0) == (is_right or view.flags.c_contiguous)
first = loaded["frame, channels first"][2]
print("  third channel, 99 throughout, comes back with", len(np.unique(first)), "levels")
assert (len(np.unique(first)) == 1) == is_right
PYTHON
done
