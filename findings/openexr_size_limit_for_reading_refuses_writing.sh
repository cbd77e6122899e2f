#!/usr/bin/env bash
# OpenEXR's limit on a picture's size, meant for files that come from elsewhere, is one for the whole process, and holds for what it writes
# itself: after `setMaxImageSize` for one file that is read, wider frames of another job can't be written, in any thread. The limit goes by
# the sides and not by the pixels, and nothing resets it. A refused write says the limit; a refused read says "Unable to open … for read",
# as of a file that is missing, also where its header alone is asked for, so that a program can't tell people what is too large.
# Seen with OpenEXR 3.5.3, NumPy 2.2.6. To be safe: keep `getMaxImageSize()` and set it back after each read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenEXR==3.5.3 numpy==2.2.6
env/bin/python - <<'PYTHON'
import importlib.metadata
import threading

import numpy as np
import OpenEXR

print("OpenEXR", importlib.metadata.version("OpenEXR"))


def write(width, name):
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"Y": np.zeros((4, width), np.float16)}).write(name)


def refusal(work):
    """What is said where a call is refused, "" where it is not."""
    try:
        work()
    except RuntimeError as error:
        return str(error)
    return ""


assert OpenEXR.getMaxImageSize() == (0, 0), "no limit at first"
write(64, "wide.exr")
write(16, "narrow.exr")
OpenEXR.setMaxImageSize(32, 32)
with OpenEXR.File("narrow.exr") as file:
    assert file.parts[0].width() == 16

reading = refusal(lambda: OpenEXR.File("wide.exr"))
print("reading 64 pixels of width:", reading)
assert "for read" in reading and "32" not in reading
assert refusal(lambda: OpenEXR.File("wide.exr", header_only=True)) == reading
assert refusal(lambda: OpenEXR.File("none.exr")) == reading.replace("wide", "none")

writing = refusal(lambda: write(64, "written.exr"))
print("writing 64 pixels of width:", writing)
assert "exceeds the maximum width of 32" in writing
said = []
thread = threading.Thread(target=lambda: said.append(refusal(lambda: write(64, "other.exr"))))
thread.start()
thread.join()
assert "exceeds the maximum width of 32" in said[0]

OpenEXR.setMaxImageSize(0, 0)
write(64, "written.exr")
assert OpenEXR.File("wide.exr").parts[0].width() == 64
print("without the limit both are done; it held for writing and in another thread too")
PYTHON
