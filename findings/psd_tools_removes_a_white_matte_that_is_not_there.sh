#!/usr/bin/env bash
# psd-tools changes colour under partial alpha when it opens what it has written: PSDImage.frompil stores a picture's straight
# colour, while topil and composite take the merged picture as blended with white (as Photoshop writes it) and take the white
# out again. (200, 100, 50) at alpha 128 comes back as (145, 0, 0); opaque pixels and pixels of alpha 0 are right, so a hard
# mask hides it. A layer made from the same picture keeps its colour. Seen with psd-tools 1.26.0, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check psd-tools==1.26.0 pillow==12.3.0
env/bin/python - <<'PYTHON'
import numpy as np
from PIL import Image
from psd_tools import PSDImage

picture = np.zeros((9, 8, 4), np.uint8)
picture[...] = (200, 100, 50, 255)
picture[3:6, :, 3] = 128
picture[6:, :, 3] = 0
PSDImage.frompil(Image.fromarray(picture)).save("merged.psd")
opened = np.asarray(PSDImage.open("merged.psd").topil())
print("opaque", opened[0, 0].tolist(), "half", opened[4, 0].tolist(), "alpha 0", opened[8, 0].tolist())
assert (opened[:3] == picture[:3]).all() and (opened[6:] == picture[6:]).all()
assert (opened[..., 3] == picture[..., 3]).all()
assert opened[4, 0, 0] < 160 and (opened[4, 0, 1:3] == 0).all()

layered = PSDImage.new("RGBA", (8, 9))
layered.create_pixel_layer(Image.fromarray(picture), name="cut-out")
layered.save("layered.psd")
layer = np.asarray(PSDImage.open("layered.psd")[0].topil())
print("as a layer, half", layer[4, 0].tolist())
assert (layer[4] == picture[4]).all()
PYTHON
