#!/usr/bin/env bash
# Two segmentation processors of transformers scale the label map with the filter of the picture: BeitImageProcessor and
# DPTImageProcessor, in the Pillow backend (taken where torchvision is not installed), use bicubic for class numbers. A map of
# 0, 1 and 20 comes back with classes 2 to 22 that are nowhere in it, and a model is trained on them without an error.
# SegFormer's processor and SAM's keep the three. Seen with transformers 5.23.0, Pillow 12.3.0; no PyTorch is needed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check transformers==5.23.0 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import transformers
from PIL import Image

print("transformers", transformers.__version__)
classes = np.zeros((50, 70), np.uint8)
classes[10:40, 10:60] = 1
classes[20:30, 20:30] = 20
picture = Image.new("RGB", (70, 50), (200, 100, 50))
for name, is_right in (("Beit", False), ("DPT", False), ("Segformer", True), ("Sam", True)):
    processor = getattr(transformers, f"{name}ImageProcessorPil")()
    labels = processor(images=picture, segmentation_maps=Image.fromarray(classes), return_tensors="np")["labels"]
    found = np.unique(labels).tolist()
    print(f"{name}: {len(found)} classes of 3:", found)
    assert ({0, 1, 20} >= set(found)) == is_right and (is_right or len(found) > 10), found
PYTHON
