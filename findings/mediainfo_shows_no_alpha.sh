#!/usr/bin/env bash
# MediaInfo says nothing of the alpha of the two formats that editors and browsers are given most: its report of a ProRes 4444 MOV
# and of a VP9 WebM is the same with alpha and without, but for sizes and identifiers (no "Alpha" field, no colour space, 4:4:4
# and 4:2:0 alike), so an inbox that sorts by MediaInfo takes a cut-out for an opaque clip. Of FFV1 it says YUVA.
# Seen with pymediainfo 7.0.1 and its MediaInfo library, files by FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 pymediainfo==7.0.1
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
from pymediainfo import MediaInfo

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SIZES = ("bit_rate", "bits__pixel_frame", "stream_size", "proportion", "unique_id")


def report(name, *encode):
    """What is said of the picture, without sizes."""
    source = ["-f", "lavfi", "-i", "color=red@0.5:s=64x64:r=25,format=rgba", "-frames:v", "5"]
    subprocess.run([FFMPEG, "-v", "error", "-y", *source, *encode, name], check=True)
    (video,) = (track for track in MediaInfo.parse(name).tracks if track.track_type == "Video")
    return {key: value for key, value in video.to_data().items() if not any(size in key for size in SIZES)}


prores, vp9 = ["-c:v", "prores_ks", "-profile:v", "4444"], ["-c:v", "libvpx-vp9"]
for name, codec, with_alpha, without in (
    ("p.mov", prores, "yuva444p10le", "yuv444p10le"),
    ("v.webm", vp9, "yuva420p", "yuv420p"),
):
    cut_out, opaque = (report(name, *codec, "-pix_fmt", layout) for layout in (with_alpha, without))
    assert cut_out == opaque, {key: (cut_out.get(key), opaque.get(key)) for key in {*cut_out, *opaque}}
    print(cut_out["format"], cut_out.get("format_profile"), cut_out["chroma_subsampling"], "the same with and without alpha")
lossless = report("f.mkv", "-c:v", "ffv1", "-pix_fmt", "yuva444p")
print("FFV1", lossless["color_space"])
assert lossless["color_space"] == "YUVA"
PYTHON
