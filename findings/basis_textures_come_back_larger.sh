#!/usr/bin/env bash
# alktx2, which turns pictures into KTX2 textures (Basis Universal) and back, gives back larger ones: decoded to PNG a picture has whole blocks of
# 4 by 4 pixels, or 6 by 6 as ASTC. 63 by 63 comes back as 64 by 64, or 66 by 66, and 5 by 7 as 8 by 8. The file knows the size, inspect_ktx2 says
# it. The strip at the right and at the bottom is more of the picture with the codecs etc1s and uastc, and transparent black at the border with astc_ldr:
# a matte that is scaled to its plate afterwards is shifted against it, and an opaque picture gets a transparent rim. Small levels of
# a mipmap grow most, 2 by 2 becomes 4 by 4. The default codec, etc1s, can't store each alpha either, at any quality: a haze of 1 is 0 and 254
# is 253, where uastc and astc_ldr keep both. No message. Crop to the size that inspect_ktx2 gives. Seen with alktx2 0.1.7, Pillow 12.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check alktx2==0.1.7 pillow==12.0.0 numpy==2.2.6
env/bin/python - 2>&1 <<'PYTHON' | grep -v "doesn't have a 'quality' parameter"
import importlib.metadata
import io

import alktx2
import numpy as np
from PIL import Image

print("alktx2", importlib.metadata.version("alktx2"))


def flat(height, width, alpha=255):
    return np.full((height, width, 4), (200, 100, 50, alpha), np.uint8)


def texture(pixels, codec, **settings):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return alktx2.encode_bytes_to_ktx2(file.getvalue(), mime="image/png", codec=codec, quality=100, **settings)


def picture(data, level=0):
    decoded, _ = alktx2.decode_ktx2_to_bytes(data, format="png", level=level)
    with Image.open(io.BytesIO(decoded)) as image:
        return np.asarray(image.convert("RGBA"))


for codec, block in (("etc1s", 4), ("uastc", 4), ("astc_ldr", 6)):
    for height, width in ((63, 63), (5, 7), (12, 24)):
        data = texture(flat(height, width), codec)
        known = alktx2.inspect_ktx2(data)
        seen = picture(data)
        rim = set(seen[-1:, :, 3].ravel().tolist() + seen[:, -1:, 3].ravel().tolist())
        print(f"  {codec}: {height} by {width}, in the file {known['height']} by {known['width']}, comes back {seen.shape[0]} by {seen.shape[1]}; alphas of the last row and column {sorted(rim)}")
        assert (known["height"], known["width"]) == (height, width)
        assert seen.shape[:2] == (-(-height // block) * block, -(-width // block) * block)
        assert (seen[:height, :width, 3] == 255).all()
        assert (0 in rim) == (codec == "astc_ldr" and (height, width) != (12, 24)) and rim <= {0, 255}
    levels = [picture(texture(flat(64, 64), codec, mipmaps=True), level).shape[0] for level in range(7)]
    print(f"  {codec}: levels of 64, 32, 16, 8, 4, 2 and 1 pixels come back as {levels}")
    assert levels == [-(-(64 >> level) // block) * block for level in range(7)]
    alphas = {alpha: sorted(set(picture(texture(flat(12, 12, alpha), codec))[..., 3].ravel().tolist())) for alpha in (0, 1, 128, 254, 255)}
    print(f"  {codec}: flat alphas come back as {alphas}")
    if codec == "etc1s":
        assert alphas[1] == [0] and alphas[254] == [253]
    else:
        assert all(seen == [alpha] for alpha, seen in alphas.items())
PYTHON
