#!/usr/bin/env bash
# Run-length SGI pictures (.sgi, .rgb, .rgba) as FFmpeg writes them are read by Pillow as black and, with alpha, wholly
# transparent where rows are even, and with "buffer overrun when reading image file" where they are not; FFmpeg reads its own
# files rightly, and Pillow reads FFmpeg's uncompressed ones (-rle 0). A sequence of flat mattes so becomes empty without
# an error. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1) and Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
picture = np.full((40, 48, 4), (200, 100, 50, 128), np.uint8)


def write(rle):
    source = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "48x40", "-i", "-"]
    command = [FFMPEG, "-v", "error", "-y", *source, "-frames:v", "1", "-rle", rle, f"rle{rle}.sgi"]
    subprocess.run(command, input=picture.tobytes(), check=True)
    return np.asarray(Image.open(f"rle{rle}.sgi"))


packed, plain = write("1"), write("0")
again = [FFMPEG, "-v", "error", "-i", "rle1.sgi", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
own = subprocess.run(again, capture_output=True, check=True).stdout
assert own == picture.tobytes() and (plain == picture).all()
print("Pillow reads run-length", packed[20, 20].tolist(), "uncompressed", plain[20, 20].tolist())
assert packed.shape == picture.shape and not packed.any()
PYTHON
