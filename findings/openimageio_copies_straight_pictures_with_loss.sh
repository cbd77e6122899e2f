#!/usr/bin/env bash
# OpenImageIO holds colour multiplied by alpha, in the file's own depth, so a plain copy of an 8-bit PNG is not lossless: it
# multiplies when it reads and divides when it writes. (200, 100, 50) comes back as (255, 128, 0) at alpha 2 and as black at
# alpha 0; the foreground colour that an editor scales or blurs is gone under thin hair. The reader's configuration
# "oiio:UnassociatedAlpha" 1 keeps the pixels. Seen with OpenImageIO 3.2.2.0 (Python), Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenImageIO==3.2.2.0 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import OpenImageIO as oiio
from PIL import Image

picture = np.zeros((9, 8, 4), np.uint8)
picture[...] = (200, 100, 50, 255)
picture[3:6, :, 3] = 2
picture[6:, :, 3] = 0
Image.fromarray(picture).save("straight.png")
oiio.ImageBuf("straight.png").write("copy.png")
copy = np.asarray(Image.open("copy.png"))
print("OpenImageIO", oiio.__version__, "opaque", copy[0, 0].tolist(), "alpha 2", copy[4, 0].tolist(), "alpha 0", copy[8, 0].tolist())
assert (copy[..., 3] == picture[..., 3]).all() and (copy[:3] == picture[:3]).all()
assert copy[4, 0, :3].tolist() == [255, 128, 0] and not copy[8].any()

hint = oiio.ImageSpec()
hint["oiio:UnassociatedAlpha"] = 1
oiio.ImageBuf("straight.png", 0, 0, hint).write("kept.png")
kept = np.asarray(Image.open("kept.png"))
print("with the hint, alpha 2", kept[4, 0].tolist(), "alpha 0", kept[8, 0].tolist())
assert (kept == picture).all()
PYTHON
