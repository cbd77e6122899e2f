#!/usr/bin/env bash
# Pillow premultiplies RGBA pictures before resize, rotate and transform and divides again afterwards, in 8 bit. A straight
# foreground loses its colour where alpha is low: (200, 100, 50) at alpha 2 becomes (255, 127, 0), and at alpha 0
# it becomes black, in areas where all neighbours are equal. OpenCV's resize of the same array keeps the colour.
# Seen with Pillow 12.3.0; scale colour and alpha apart where the colour under low alpha matters.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import numpy as np
import PIL
from PIL import Image

print("Pillow", PIL.__version__)
picture = np.zeros((64, 64, 4), np.uint8)
picture[..., :3] = (200, 100, 50)
picture[:, 32:, 3] = 2
image = Image.fromarray(picture)
changed = {
    "resize to half": np.asarray(image.resize((32, 32), Image.Resampling.BILINEAR))[10],
    "resize to double": np.asarray(image.resize((128, 128), Image.Resampling.LANCZOS))[10],
    "rotate by 10 degrees": np.asarray(image.rotate(10, Image.Resampling.BILINEAR))[32],
}
for name, row in changed.items():
    low, none = row[len(row) * 3 // 4], row[len(row) // 4]
    assert tuple(low) == (255, 127, 0, 2) and tuple(none) == (0, 0, 0, 0), (name, low, none)
    print(f"{name}: alpha 2 gives {tuple(map(int, low))}, alpha 0 gives {tuple(map(int, none))}")
row = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_LINEAR)[10]
assert (row[:, :3] == (200, 100, 50)).all()
print("OpenCV's resize: colour kept")
PYTHON
