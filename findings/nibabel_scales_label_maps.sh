#!/usr/bin/env bash
# nibabel, which reads and writes NIfTI, the format of medical segmentation sets and of the tools trained on them, stores integers with a factor
# where header and array differ in type. A label map that has become floats on its way (an average, a resize, a network) and is saved with
# the header of the image that it was read from, of bytes, is stretched over all 256 levels and read as 1.004, 1.992, 2.996 for labels 1, 2
# and 3: "== 1", and with it Dice and every count of labels, finds nothing, and astype(int) makes 1, 1, 2 of them. A mask of 0 and 255 in
# which one number is beyond a byte comes back as 254.9. Whole numbers that fit are exact in any integer type. No message. np.round
# repairs it. Seen with nibabel 5.4.2 and NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check nibabel==5.4.2 numpy==2.2.6
env/bin/python - <<'PYTHON'
import nibabel
import numpy as np

print("nibabel", nibabel.__version__, "NumPy", np.__version__)
labels = np.tile(np.arange(5), (16, 1)).repeat(4, axis=1)[..., None]


def stored(array):
    """What is read of an array that was saved with the header of an image of bytes."""
    header = nibabel.Nifti1Image(labels.astype(np.uint8), np.eye(4)).header
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4), header), "labels.nii")
    read = nibabel.load("labels.nii")
    return read.get_fdata(), read.dataobj.slope, read.get_data_dtype()


for name, array in (
    ("float64", labels.astype(np.float64)),
    ("float32", labels.astype(np.float32)),
    ("uint8", labels.astype(np.uint8)),
    ("int16", labels.astype(np.int16)),
    ("int64", labels.astype(np.int64)),
):
    back, slope, kind = stored(array)
    found = [int((back == label).sum()) for label in range(5)]
    print(f"  {name} as uint8: {np.unique(back).round(4).tolist()}, slope {slope:.5f}, pixels of labels 0 to 4: {found}, as int: {np.unique(back.astype(int)).tolist()}")
    assert kind == np.uint8
    if name.startswith("float"):
        assert found == [64, 0, 0, 0, 0] and np.array_equal(np.round(back), labels) and np.unique(back.astype(int)).tolist() != [0, 1, 2, 3, 4]
    else:
        assert found == [64] * 5
mask = np.where(labels > 0, 255, 0).astype(np.int16)
plain, with_mark = (stored(numbers)[0] for numbers in (mask, np.where((labels == 4), 1000, mask).astype(np.int16)))
print("  a mask of 0 and 255 as uint8:", np.unique(plain).tolist(), "- with a mark of 1000 in it:", np.unique(with_mark).round(3).tolist())
assert np.unique(plain).tolist() == [0, 255] and 254.85 < np.unique(with_mark)[1] < 254.95
PYTHON
