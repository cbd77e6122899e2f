#!/usr/bin/env bash
# MLT's composite transition, the classic way to lay one track over another in melt and the editors built on it, mixes colour as if
# the track below were opaque: (200, 100, 50) at alpha 128 over nothing comes out as (96, 47, 27) at 128, over half transparent blue
# as (96, 46, 154) at 192, where (133, 66, 117) is right. Alpha itself is right. A cut-out that is rendered with alpha so gets dark
# hair and motion blur; over an opaque track nothing shows. It works in Y'CbCr, so that opaque (200, 100, 50) is
# (191, 93, 53) here. frei0r.cairoblend is right. No message. Seen with melt 7.12.0 (Debian's 7.12.0-1+deb12u1; other versions are
# not looked at), read by FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  melt=7.12.0-1+deb12u1 frei0r-plugins > apt.log 2>&1 || { echo "Debian's melt 7.12.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 pillow==12.3.0
env/bin/python - <<'PYTHON'
import os
import subprocess
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

ROOT = Path("root").resolve()
LIBRARY = ROOT / f"usr/lib/{os.uname().machine}-linux-gnu"
places = [LIBRARY, *(LIBRARY / name for name in ("pulseaudio", "blas", "lapack"))]
ENVIRONMENT = os.environ | {
    "LD_LIBRARY_PATH": ":".join(map(str, places)),
    "MLT_REPOSITORY": str(LIBRARY / "mlt-7"),
    "MLT_DATA": str(ROOT / "usr/share/mlt-7"),
    "FREI0R_PATH": str(ROOT / "usr/lib/frei0r-1"),
}
MELT = str(ROOT / "usr/bin/melt")
print(subprocess.run([MELT, "--version"], env=ENVIRONMENT, capture_output=True, text=True).stdout.splitlines()[0])
sizes = {"width": 64, "height": 64, "sample_aspect_num": 1, "sample_aspect_den": 1, "display_aspect_num": 1, "display_aspect_den": 1}
profile = {"description": "square", "frame_rate_num": 25, "frame_rate_den": 1, "progressive": 1, "colorspace": 709, **sizes}
Path("profile").write_text("".join(f"{key}={value}\n" for key, value in profile.items()))
picture = Image.new("RGBA", (64, 64), (200, 100, 50, 255))
picture.paste((200, 100, 50, 128), (32, 0, 64, 64))
picture.save("cut.png")


def laid_over(colour, transition):
    """The opaque and the half transparent pixel of the cut-out over a colour, RGBA."""
    tracks = [f"color:{colour}", "out=1", "-track", "cut.png", "out=1", "-transition", transition]
    output = ["-consumer", "avformat:seen.mov", "vcodec=png", "pix_fmt=rgba", "mlt_image_format=rgba", "an=1", "real_time=-1"]
    subprocess.run([MELT, "-profile", "profile", *tracks, *output], env=ENVIRONMENT, check=True, capture_output=True)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "seen.mov", "-frames:v", "1"]
    seen = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgba", "-"], check=True, capture_output=True).stdout
    return tuple(tuple(seen[(32 * 64 + column) * 4 :][:4]) for column in (10, 45))


EXPECTED = {
    ("0x00000000", "composite"): ((191, 93, 53, 255), (96, 47, 27, 128)),
    ("0x00000000", "frei0r.cairoblend"): ((200, 100, 50, 255), (200, 100, 50, 128)),
    ("0x0000ff80", "composite"): ((191, 93, 53, 255), (96, 46, 154, 192)),
    ("0x0000ff80", "frei0r.cairoblend"): ((200, 100, 50, 255), (133, 66, 117, 192)),
    ("0x0000ffff", "composite"): ((191, 93, 53, 255), (96, 46, 154, 255)),
}
for (colour, transition), expected in EXPECTED.items():
    seen = laid_over(colour, transition)
    print(f"over {colour} by {transition}: {seen}")
    assert seen == expected, expected
PYTHON
