#!/usr/bin/env bash
# The OpenEXR project's own Python binding writes NumPy arrays as if they lay in memory without gaps: of a crop it stores the rows of the
# picture run together, of every second column the first half of the columns, and a transposed matte comes out untransposed.
# Shape and type are right, and nothing is said. `rgba[..., 3]` holds red, green and blue as well, `rgba[..., :3]` is
# striped with alpha, and an OpenCV picture turned to RGBA by `bgra[..., [2, 1, 0, 3]]` is neither. numpy.ascontiguousarray cures
# all of it. The header given is also filled with the picture's size, so that the next picture of another size is refused with the same
# header. Seen with OpenEXR 3.5.3, NumPy 2.2.6; FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1) reads the same wrong matte.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenEXR==3.5.3 numpy==2.2.6 imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import importlib.metadata
import subprocess

import imageio_ffmpeg
import numpy as np
import OpenEXR

print("OpenEXR", importlib.metadata.version("OpenEXR"))

def header():
    return {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}


def written(**planes):
    """The planes as they come back from a file of their own."""
    OpenEXR.File(header(), planes).write("seen.exr")
    channels = OpenEXR.File("seen.exr", separate_channels=True).channels()
    return {name: np.array(channels[name].pixels) for name in planes}


frame = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
memory = frame.ravel()
crop = frame[2:6, 2:6]
views = {
    "a crop": (crop, memory[18:34].reshape(4, 4)),
    "every second column": (frame[:, ::2], memory[:32].reshape(8, 4)),
    "transposed": (frame.T, frame),
}
for name, (given, stored) in views.items():
    seen = written(Y=given)["Y"]
    print(f"{name}: first rows {given[:2, :4].round(2).tolist()} are written as {seen[:2, :4].round(2).tolist()}")
    assert seen.shape == given.shape and seen.dtype == given.dtype
    assert (seen == stored).all() and not (seen == given).all()
    assert (written(Y=np.ascontiguousarray(given))["Y"] == given).all()

written(Y=crop)
command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "seen.exr", "-f", "rawvideo", "-pix_fmt", "grayf32le", "-"]
by_ffmpeg = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32).reshape(4, 4)
assert abs(by_ffmpeg - memory[18:34].reshape(4, 4)).max() < 0.01

rgba = np.zeros((8, 8, 4), np.float32)
rgba[:] = (0.8, 0.4, 0.2, 1)
planes = written(**{name: rgba[..., place] for place, name in enumerate("RGBA")})
print("planes of a picture that is (0.8, 0.4, 0.2) and opaque: A is", planes["A"][0, :4].tolist())
assert set(np.unique(planes["A"])) == {np.float32(level) for level in (0.8, 0.4, 0.2, 1)}
bgra = np.arange(256, dtype=np.float32).reshape(8, 8, 4)
for name, given in (("RGB", bgra[..., :3]), ("RGBA", bgra[..., [2, 1, 0, 3]])):
    for copy, right in ((given, False), (np.ascontiguousarray(given), True)):
        OpenEXR.File(header(), {name: copy}).write("seen.exr")
        seen = OpenEXR.File("seen.exr").channels()[name].pixels
        assert seen.shape == given.shape and (seen == given).all() == right
    print(name, "of BGRA:", given[0, 1].tolist(), "without a copy: another picture, with one: right")

used = header()
OpenEXR.File(used, {"Y": np.ascontiguousarray(crop)}).write("seen.exr")
try:
    OpenEXR.File(used, {"Y": frame}).write("seen.exr")
except ValueError as error:
    print("the same header for the next picture:", error)
else:
    raise AssertionError("the header was taken again")
PYTHON
