#!/usr/bin/env bash
# A mask that a Gradio function returns through gr.Image reaches the browser as lossy WebP, the component's default format: a mask
# of 0 and 255 comes back with a score of levels, up to 13 off at its edge, and grey becomes RGB. Who saves the picture from the page or
# feeds it to the next step has no binary mask any more. format="png" keeps it. gr.ImageEditor has the same default.
# Seen with Gradio 6.31.0; the component alone is run, no server.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gradio==6.31.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import gradio as gr
import numpy as np
from PIL import Image

print("Gradio", gr.__version__)
rows, columns = np.mgrid[:64, :64]
mask = np.where((rows - 32) ** 2 + (columns - 32) ** 2 < 400, 255, 0).astype(np.uint8)


def returned(**options):
    data = gr.Image(**options).postprocess(mask)
    return data.path, np.asarray(Image.open(data.path))


path, lossy = returned()
levels = len(np.unique(lossy))
assert path.endswith(".webp") and lossy.shape == (64, 64, 3) and levels > 10, (path, lossy.shape, levels)
print("default:", path[-5:], "levels", levels, "largest error", int(abs(lossy[..., 0].astype(int) - mask).max()))
path, exact = returned(format="png")
assert (exact == mask).all()
print("png:", path[-4:], "levels", len(np.unique(exact)))
assert gr.ImageEditor().format == "webp"
PYTHON
