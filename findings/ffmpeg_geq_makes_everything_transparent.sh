#!/usr/bin/env bash
# FFmpeg's geq makes a picture with alpha wholly transparent unless its alpha is written out: the documentation says that without an alpha
# expression the result is opaque, but the default is worked out when the depth is not yet known, as 2^0 - 1, which is 0. A cut-out whose
# colour is changed by geq (a spill removal, a vignette) is gone, in every format with alpha, with status 0 and without a message; where the
# next step drops alpha, nothing shows. And an alpha written as 255 is opaque at 8 bits alone: a quarter, 64 of 255, at 10 and
# 1 of 255 at 16. "a='alpha(X,Y)'" keeps the matte, and lutrgb and lutyuv keep it by themselves. Seen with FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
ALPHAS = (255, 128, 0)
ROW = b"".join(bytes((200, 100, 50, ALPHAS[column // 16])) for column in range(48))


def alphas(layout, filters):
    """The alpha of an opaque, a half transparent and an empty pixel of (200, 100, 50) behind a filter."""
    given = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "48x48", "-i", "-"]
    command = [FFMPEG, "-v", "error", *given, "-vf", f"format={layout},{filters}", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    done = subprocess.run(command, input=ROW * 48, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return [done.stdout[(24 * 48 + column) * 4 + 3] for column in (8, 24, 40)]


RGB = "geq=r='0.9*r(X,Y)':g='g(X,Y)':b='b(X,Y)'"
YUV = "geq=lum='0.9*lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)'"
for layout, filters, expected in (
    ("rgba", "null", ALPHAS),
    ("rgba", RGB, (0, 0, 0)),
    ("gbrap", RGB, (0, 0, 0)),
    ("gbrap10le", RGB, (0, 0, 0)),
    ("gbrap16le", RGB, (0, 0, 0)),
    ("yuva444p", YUV, (0, 0, 0)),
    ("yuva444p10le", YUV, (0, 0, 0)),
    ("rgba", RGB + ":a='alpha(X,Y)'", ALPHAS),
    ("yuva444p10le", YUV + ":a='alpha(X,Y)'", ALPHAS),
    ("rgba", RGB + ":a=255", (255, 255, 255)),
    ("gbrap10le", RGB + ":a=255", (64, 64, 64)),
    ("gbrap16le", RGB + ":a=255", (1, 1, 1)),
    ("rgba", "lutrgb=r='0.9*val'", ALPHAS),
    ("yuva444p10le", "lutyuv=y='0.9*val'", ALPHAS),
):
    seen = alphas(layout, filters)
    print(f"{layout}, {filters}: alpha {list(ALPHAS)} becomes {seen}")
    assert all(abs(level - right) <= 1 for level, right in zip(seen, expected)), expected
PYTHON
