#!/usr/bin/env bash
# OpenCV writes its BGR as if it were RGB into PAM (.pam), and reads PAM's RGB as if it were BGR, against what it does in every
# other format: red and blue are swapped between it and any other program, and its own round trip hides it. With alpha it
# depends on the flag as well: IMREAD_UNCHANGED gives red and blue swapped, IMREAD_COLOR has them right. PAM is what carries
# uncompressed RGBA between FFmpeg and scripts; a face turned blue is seen, a green screen's matte or a grey shot is not. Also,
# without IMWRITE_PAM_TUPLETYPE it leaves the tuple type out, which FFmpeg then refuses. Seen with OpenCV 4.14.0 and FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import cv2
import imageio_ffmpeg
import numpy as np

RED_GREEN_BLUE_ALPHA = (200, 100, 50, 128)
print("OpenCV", cv2.__version__)


def ffmpeg(*arguments, data=None):
    return subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments], input=data, capture_output=True
    )


picture = np.full((64, 64, 4), RED_GREEN_BLUE_ALPHA, np.uint8)
raw = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-i", "-", "-frames:v", "1")
for layout, flag, right in (
    ("rgb24", cv2.IMREAD_UNCHANGED, False),
    ("rgb24", cv2.IMREAD_COLOR, False),
    ("rgba", cv2.IMREAD_UNCHANGED, False),
    ("rgba", cv2.IMREAD_COLOR, True),
):
    for kind in ("pam", "png"):
        assert ffmpeg(*raw, "-pix_fmt", layout, f"picture.{kind}", data=picture.tobytes()).returncode == 0
    pam, png = (cv2.imread(f"picture.{kind}", flag)[5, 5].tolist() for kind in ("pam", "png"))
    name = "IMREAD_COLOR" if flag == cv2.IMREAD_COLOR else "IMREAD_UNCHANGED"
    print(f"{layout} {name}: blue, green, red are {png[:3]} from a PNG and {pam[:3]} from a PAM")
    assert png[:3] == [50, 100, 200] and pam[:3] == (png[:3] if right else png[2::-1]), pam
blue_first = np.ascontiguousarray(picture[..., [2, 1, 0, 3]])
cv2.imwrite("own.pam", blue_first, [cv2.IMWRITE_PAM_TUPLETYPE, cv2.IMWRITE_PAM_FORMAT_RGB_ALPHA])
assert (cv2.imread("own.pam", cv2.IMREAD_UNCHANGED) == blue_first).all()
done = ffmpeg("-i", "own.pam", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
print("written by OpenCV, red, green, blue, alpha in FFmpeg:", list(done.stdout[:4]))
assert tuple(done.stdout[:4]) == (50, 100, 200, 128)
cv2.imwrite("plain.pam", blue_first)
done = ffmpeg("-i", "plain.pam", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
assert done.returncode != 0 and not done.stdout
print("without the tuple type:", done.stderr.decode().splitlines()[0])
PYTHON
