#!/usr/bin/env bash
# ffmpegcv, a VideoWriter with OpenCV's calls on top of FFmpeg, takes the size of the clip from the first frame and writes the bytes of all into a pipe of
# BGR without a look at how many channels they have. Ten cut-outs (BGRA) become 13 frames of shifted, wrongly coloured stripes, and ten
# mattes (height, width) three frames with three mattes in each; the clip's length changes, and the exit is clean. Floats of 0 to 1 and
# bool are cast to bytes, so that a white matte is black. Convert to (height, width, 3) of uint8, or give pix_fmt="gray" for mattes.
# Seen with ffmpegcv 0.3.20, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), ffprobe of @ffprobe-installer 2.1.2; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check ffmpegcv==0.3.20 imageio-ffmpeg==0.8.1 numpy==2.2.6
npm install --silent --no-audit --no-fund @ffprobe-installer/ffprobe@2.1.2
mkdir bin
ln -s "$(env/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')" bin/ffmpeg
ln -s "$(node -p 'require("@ffprobe-installer/ffprobe").path')" bin/ffprobe
PATH="$folder/bin:$PATH" env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import ffmpegcv
import numpy as np

print("ffmpegcv", importlib.metadata.version("ffmpegcv"))
HEIGHT, WIDTH = 48, 64
white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
cut_out = np.dstack([np.full((HEIGHT, WIDTH, 3), (200, 100, 50), np.uint8), np.full((HEIGHT, WIDTH), 128, np.uint8)])
matte = np.zeros((HEIGHT, WIDTH), np.uint8)
matte[:, WIDTH // 2 :] = 255


def written(frames, **settings):
    """All frames that are read of a clip of these."""
    writer = ffmpegcv.VideoWriter("clip.mp4", None, 25, **settings)
    for frame in frames:
        writer.write(frame)
    writer.release()
    with ffmpegcv.VideoCapture("clip.mp4") as clip:
        return np.stack([frame.copy() for frame in clip]).astype(int)


for name, frames, count in (
    ("10 of BGR", [np.ascontiguousarray(cut_out[..., :3])] * 10, 10),
    ("10 cut-outs of BGRA", [cut_out] * 10, 13),
    ("10 mattes (height, width)", [matte] * 10, 3),
    ("10 white floats", [white / 255.0] * 10, 10),
    ("10 white bools", [white > 0] * 10, 10),
):
    seen = written(frames)
    spread = int(np.ptp(seen, axis=(0, 1, 2)).max())
    print(f"  {name}: {len(seen)} frames, levels {seen.min()} to {seen.max()}, a channel varies by up to {spread}")
    assert len(seen) == count
    if name == "10 of BGR":
        assert spread <= 3 and np.abs(seen - (200, 100, 50)).max() <= 4
    elif "BGRA" in name:
        assert spread > 100
    elif "white" in name:
        assert seen.max() <= 2
seen = written([matte] * 10, pix_fmt="gray")
print(f'  10 mattes with pix_fmt="gray": {len(seen)} frames, off by {np.abs(seen - matte[..., None]).max()}')
assert len(seen) == 10 and np.abs(seen[:, :, [0, 20, 44, 63]] - matte[:, [0, 20, 44, 63], None]).max() <= 3
PYTHON
