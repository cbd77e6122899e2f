#!/usr/bin/env bash
# PyAV's VideoFrame.from_image takes a Pillow RGBA picture and makes an rgb24 frame of it: the alpha is gone without a
# word, whatever pixel format the stream then has, and a ProRes 4444 file made so is opaque. to_image drops it on the way
# back. from_ndarray(..., format="rgba") keeps it. Seen with PyAV 18.1.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check av==18.1.0 pillow==12.3.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import av
import numpy as np
from PIL import Image

print("PyAV", av.__version__)
picture = np.zeros((64, 64, 4), np.uint8)
picture[..., :3] = (200, 100, 50)


def alpha_written(frame):
    with av.open("out.mov", "w") as container:
        stream = container.add_stream("prores_ks", rate=25, options={"profile": "4444"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuva444p10le"
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    with av.open("out.mov") as container:
        decoded = next(container.decode(video=0))
        return np.frombuffer(decoded.planes[3], np.uint16).max() if len(decoded.planes) == 4 else None


image = Image.fromarray(picture)
made = av.VideoFrame.from_image(image)
assert image.mode == "RGBA" and made.format.name == "rgb24"
lost, kept = alpha_written(made), alpha_written(av.VideoFrame.from_ndarray(picture, format="rgba"))
assert lost > 4000 and kept == 0, (lost, kept)
print("transparent picture in ProRes 4444, largest 12-bit alpha: from_image", lost, "from_ndarray", kept)
back = av.VideoFrame.from_ndarray(picture, format="rgba").to_image()
assert back.mode == "RGB"
print("to_image gives", back.mode)
PYTHON
