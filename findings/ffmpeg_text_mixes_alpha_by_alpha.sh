#!/usr/bin/env bash
# FFmpeg's drawtext treats alpha as a fourth colour and mixes it by the text's own opacity. White at half opacity on a transparent picture is
# grey at a quarter, (127, 127, 127) at alpha 63, and on an opaque picture with alpha it makes a hole, 192, through which the layer below
# shines. Opaque white on nothing has soft edges that are as dark as they are faint. A subtitle at half opacity (the filters ass and
# subtitles) does the same on nothing with alpha=1, "process alpha channel", adds nothing to black of alpha 128, and without the option is not
# there at all, and neither is what drawbox and drawgrid draw unless replace=1. A picture without alpha shows none of it, so that a
# preview is right and a title or lower third rendered with alpha is thin and dirty. No message. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 font-roboto==0.0.1
cp "$(env/bin/python -c "import font_roboto; print(font_roboto.Roboto)")" font.ttf
cat > half.ass <<'ASS'
[Script Info]
ScriptType: v4.00+
PlayResX: 64
PlayResY: 64

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV
Style: Plain,Sans,40,&H00FFFFFF,&H00FFFFFF,&H00FFFFFF,1,0,0,7,0,0,0

[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:00.00,0:00:10.00,Plain,{\an7\pos(0,0)\alpha&H80&\p1}m 8 8 l 40 8 40 40 8 40{\p0}
ASS
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
EMPTY, BLACK, HALF_BLACK = (0, 0, 0, 0), (0, 0, 0, 255), (0, 0, 0, 128)


def drawn(filters, below):
    """A pixel of what is drawn over a flat picture, RGBA."""
    given = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-i", "-", "-vf", filters]
    done = subprocess.run([FFMPEG, "-v", "error", *given, "-f", "rawvideo", "-pix_fmt", "rgba", "-"], input=bytes(below) * 4096, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return tuple(done.stdout[(12 * 64 + 12) * 4 :][:4])


BOX = "drawtext=fontfile=font.ttf:text=M:x=24:y=24:fontcolor=white@0:box=1:boxborderw=20:boxcolor=white"
SQUARE = "x=8:y=8:w=32:h=32:t=fill"
for filters, below, expected in (
    (BOX + "@0.5", EMPTY, (127, 127, 127, 63)),
    (BOX + "@0.5", BLACK, (127, 127, 127, 192)),
    ("format=rgb24," + BOX + "@0.5", BLACK, (127, 127, 127, 255)),
    (BOX, EMPTY, (255, 255, 255, 255)),
    ("ass=half.ass", BLACK, (117, 117, 117, 255)),
    ("ass=half.ass", EMPTY, (117, 117, 117, 0)),
    ("ass=half.ass:alpha=1", EMPTY, (117, 117, 117, 63)),
    ("ass=half.ass:alpha=1", HALF_BLACK, (117, 117, 117, 128)),
    ("subtitles=half.ass:alpha=1", EMPTY, (117, 117, 117, 63)),
    (f"drawbox={SQUARE}:color=white", EMPTY, (255, 255, 255, 0)),
    (f"drawbox={SQUARE}:color=white:replace=1", EMPTY, (255, 255, 255, 255)),
    ("drawgrid=x=10:y=10:w=64:h=64:t=8:color=white", EMPTY, (255, 255, 255, 0)),
):
    seen = drawn(filters, below)
    print(f"{filters} over {below}: {seen}")
    assert all(abs(level - right) <= 3 for level, right in zip(seen, expected)), expected
text = "drawtext=fontfile=font.ttf:text=M:x=8:y=8:fontsize=48:fontcolor=white"
given = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-i", "-", "-vf", text, "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
written = subprocess.run([FFMPEG, "-v", "error", *given], input=bytes(EMPTY) * 4096, check=True, capture_output=True).stdout
soft = [(red, alpha) for red, alpha in zip(written[::4], written[3::4]) if 0 < alpha < 255]
print(f"an opaque white M on nothing: {len(soft)} soft pixels, level and alpha of some: {soft[:4]}")
assert len(soft) > 50 and all(abs(red - alpha) <= 1 for red, alpha in soft)
PYTHON
