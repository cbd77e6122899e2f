#!/usr/bin/env bash
# An MP4 that FFmpeg itself writes from a clip with uneven times (a screen recording, a slideshow) is read by FFmpeg as shorter
# than its pictures last, where the last gaps are longer than the first and H.264 has B-frames (libx264's default). Six pictures
# of 1.2 s with a gap of 1 s before the last: the file claims 0.28 s, though its last picture is shown at 1.16 s. The movie
# header, which the muxer fills in too, says 1.2 s: the demuxer takes the sum of the decoding steps (`stts`) where that is
# less, and those lag behind by the delay of the B-frames. Without B-frames (`-bf 0`) it is right.
# FFmpeg 9.0.2 (reader: the same, and PyAV 18.1.0).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 av==18.1.0
env/bin/python - <<'PYTHON'
import re
import subprocess
from pathlib import Path

import av
import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.partition(" Copyright")[0])
TIMES = "settb=1/100,setpts='if(lt(N,2),10*N,if(lt(N,5),11+2*(N-2),116))'"


def claimed(*options):
    """Return the seconds that FFmpeg and PyAV read from the header, and when the last picture is shown."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=128x72:r=25", "-frames:v", "6", "-vf", TIMES]
    made = [FFMPEG, "-v", "error", "-y", *source, "-fps_mode", "passthrough", "-enc_time_base", "1/100"]
    subprocess.run([*made, "-c:v", "libx264", *options, "clip.mp4"], check=True)
    said = subprocess.run([FFMPEG, "-i", "clip.mp4"], capture_output=True, text=True).stderr
    seconds = float(re.search(r"Duration: 00:00:(\d+\.\d+)", said)[1])
    with av.open("clip.mp4") as container:
        stream = container.streams.video[0]
        last = max(packet.pts for packet in container.demux(stream) if packet.size)
        return seconds, container.duration / 1e6, float(last * stream.time_base)


seen = claimed()
print("with B-frames: FFmpeg says %.2f s, PyAV %.2f s, the last picture is shown at %.2f s" % seen)
assert seen[0] < seen[2] and seen[1] < seen[2], seen
header = Path("clip.mp4").read_bytes().partition(b"mvhd")[2]
ticks, length = (int.from_bytes(header[at : at + 4], "big") for at in (12, 16))
print(f"its movie header says {length / ticks:.2f} s")
assert length / ticks > seen[2], (length, ticks)
seen = claimed("-bf", "0")
print("without: FFmpeg says %.2f s, PyAV %.2f s, the last picture is shown at %.2f s" % seen)
assert seen[0] > seen[2] and seen[1] > seen[2], seen
PYTHON
