#!/usr/bin/env bash
# FFmpeg's scaler makes planar RGB of 10, 12 and 14 bits of an 8-bit cut-out (a PNG) whose alpha begins at 2, 8 and 32 instead of 0: what was
# transparent is a haze of 2 in 1023 over the whole frame, and a test for 0 finds no background. This is what the CineForm encoder gets, and
# FFV1 at these depths; YUV with alpha (ProRes 4444) begins at 0. From planar 8 bits (UtVideo, MagicYUV) opaque is lost as well: 255
# becomes 1022, 4088, 65280 of 65535 and 0.996, and 1020 of 1023 for ProRes. No message; accurate_rnd changes nothing, and read
# again at 8 bits the background is 1. "format=rgba,format=rgba64le" before it keeps both ends of alpha, and the zscale filter too.
# Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
WIDTH, HEIGHT = 128, 32
SIZE = f"{WIDTH}x{HEIGHT}"


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout


print(ffmpeg("-version").decode().splitlines()[0])
picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
picture[..., :3] = (200, 100, 50)
picture[:, WIDTH // 2 :, 3] = 255
GIVEN = {"rgba": picture.tobytes(), "gbrap": picture[..., [1, 2, 0, 3]].transpose(2, 0, 1).tobytes()}


def ends(planes, layout):
    """The levels of alpha where it was 0 and where it was 255."""
    kind = np.float32 if "f32" in layout else np.uint16
    alpha = np.frombuffer(planes, kind).reshape(4, HEIGHT, WIDTH)[3]
    return [[round(level, 3) for level in np.unique(alpha[:, side]).tolist()] for side in (slice(16), slice(-16, None))]


def converted(source, filters, layout):
    raw = ("-f", "rawvideo", "-pix_fmt", source, "-s", SIZE, "-i", "-")
    out = ("-vf", f"{filters}format={layout}", "-f", "rawvideo", "-pix_fmt", layout, "-")
    return ends(ffmpeg(*raw, *out, data=GIVEN[source]), layout)


EXACT = "format=rgba,format=rgba64le,"
EXPECTED = {
    ("rgba", "", "gbrap10le"): [[2], [1023]],
    ("rgba", "", "gbrap12le"): [[8], [4095]],
    ("rgba", "", "gbrap14le"): [[32], [16383]],
    ("rgba", "scale=flags=accurate_rnd,", "gbrap12le"): [[8], [4095]],
    ("rgba", "", "yuva444p10le"): [[0], [1023]],
    ("gbrap", "", "gbrap10le"): [[2], [1022]],
    ("gbrap", "", "gbrap12le"): [[8], [4088]],
    ("gbrap", "", "gbrap16le"): [[0], [65280]],
    ("gbrap", "", "gbrapf32le"): [[0], [0.996]],
    ("gbrap", "", "yuva444p10le"): [[0], [1020]],
    ("rgba", EXACT, "gbrap12le"): [[0], [4095]],
    ("gbrap", EXACT, "gbrap12le"): [[0], [4095]],
    ("gbrap", "zscale,", "gbrap12le"): [[0], [4095]],
}
for (source, filters, layout), expected in EXPECTED.items():
    seen = converted(source, filters, layout)
    print(f"{source} -> {filters}{layout}: alpha 0 and 255 become {seen[0]} and {seen[1]}")
    assert seen == expected, expected
for filters, expected, at_8_bits in (("null", [[8], [4095]], [1]), (EXACT.rstrip(","), [[0], [4095]], [0])):
    raw = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", SIZE, "-r", "25", "-i", "-")
    ffmpeg(*raw, "-vf", filters, "-c:v", "cfhd", "-pix_fmt", "gbrap12le", "clip.mov", data=GIVEN["rgba"])
    seen = ends(ffmpeg("-i", "clip.mov", "-f", "rawvideo", "-pix_fmt", "gbrap12le", "-"), "gbrap12le")
    decoded = ffmpeg("-i", "clip.mov", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    background = np.unique(np.frombuffer(decoded, np.uint8).reshape(HEIGHT, WIDTH, 4)[:, :16, 3]).tolist()
    print(f"CineForm after {filters}: {seen[0]} and {seen[1]}, at 8 bits 0 is {background}")
    assert seen == expected and background == at_8_bits, expected
PYTHON
