#!/usr/bin/env bash
# imageio-ffmpeg, the frame reader under imageio, counts a clip of uneven times (a screen recording, a phone, a slideshow) and reads another
# number: count_frames_and_secs says 40, which is what the clip holds, and read_frames hands out 78, because it asks FFmpeg for raw video,
# for which FFmpeg repeats pictures until the mean rate is even. The list of masks that was made as long as the count ends in the middle of
# the clip, and frame 30 that is read is picture 23 of the clip. The fps that it tells, 13.51, is not theirs. No message; an even clip
# agrees. output_params=["-fps_mode", "passthrough"] gives each picture once. Seen with imageio-ffmpeg 0.8.1 (FFmpeg 9.0.2), PyAV 18.1.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.2.6
cat > check.py <<'PYTHON'
import subprocess

import av
import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print("imageio-ffmpeg", imageio_ffmpeg.__version__)
# Grey of a new level in each of the 40 pictures; from the 20th on each lasts three times as long.
LEVELS = "format=gray,geq=lum='20+5*N'"
for name, times in (("even", "null"), ("uneven", "setpts='if(lt(N,20),N,20+3*(N-20))/25/TB'")):
    source = ["-f", "lavfi", "-i", f"color=s=64x64:r=25,{LEVELS},{times}", "-frames:v", "40", "-fps_mode", "vfr"]
    subprocess.run([FFMPEG, "-v", "error", *source, "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p", f"{name}.mp4"], check=True)
    with av.open(f"{name}.mp4") as clip:
        right = [frame.to_ndarray(format="gray")[0, 0] for frame in clip.decode(video=0)]
    assert len(right) == len(set(right)) == 40

    def read(**options):
        frames = imageio_ffmpeg.read_frames(f"{name}.mp4", pix_fmt="gray", bits_per_pixel=8, **options)
        next(frames)
        return [np.frombuffer(frame, np.uint8)[0] for frame in frames]

    count, _ = imageio_ffmpeg.count_frames_and_secs(f"{name}.mp4")
    seen, passed = read(), read(output_params=["-fps_mode", "passthrough"])
    print(f"{name}: counted {count}, read {len(seen)}, different ones {len(set(seen))}, with passthrough {len(passed)}")
    assert count == 40 and len(passed) == len(set(passed)) == 40
    places = [sorted(set(seen)).index(level) for level in seen]
    print("  picture behind each index:", places[::6])
    assert (places == list(range(40))) == (name == "even") and (len(seen) > 60) == (name == "uneven")
PYTHON
env/bin/python check.py
