#!/usr/bin/env bash
# Pillow writes RGBA frames as an animated GIF without clearing between them: every frame is drawn over the one before, so
# a cut-out that moves leaves itself behind, and the opaque area only ever grows. Each frame given was complete, and the
# same call for APNG and WebP shows each frame alone. disposal=2 cures it. Seen with Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import PIL
from PIL import Image

print("Pillow", PIL.__version__)
frames = []
for step in range(6):
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[:, step * 8 : step * 8 + 16] = (200, 100, 50, 255)
    frames.append(Image.fromarray(picture))


def opaque_pixels(name, **options):
    frames[0].save(name, save_all=True, append_images=frames[1:], duration=40, loop=0, **options)
    image = Image.open(name)
    counts = []
    for number in range(image.n_frames):
        image.seek(number)
        counts.append(int((np.asarray(image.convert("RGBA"))[..., 3] == 255).sum()))
    return counts


alone = [16 * 64] * 6
piled = opaque_pixels("default.gif")
assert piled[0] == alone[0] and all(b > a for a, b in zip(piled, piled[1:])), piled
print("opaque pixels a frame, GIF as it is:", piled)
for name, options in (("cleared.gif", {"disposal": 2}), ("a.png", {}), ("a.webp", {"quality": 80})):
    counts = opaque_pixels(name, **options)
    assert counts == alone, (name, counts)
    print(f"{name} {options}:", counts)
PYTHON
