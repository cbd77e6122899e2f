#!/usr/bin/env bash
# pysubs2 writes a MicroDVD file (.sub, which counts in frames) whose first line, the one that names the rate, is {0}{0}25, where the format, its
# own documentation and its reader have {1}{1}25: the line is made as a caption from 1 ms to 1 ms and that is frame 0 at each usual rate, from
# 501 frames a second on it is right, to 1499. Read again without a rate, its own file is an UnknownFPSError; read with the rate, as who knows the plate
# does, there is one event more, "25" at frame 0, so that captions or cut points that are numbered by it, mattes with them, are one beside. The
# frames themselves are right. Write with write_fps_declaration=False and read with fps=, or read with strict_fps_inference=False.
# Seen with pysubs2 1.8.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pysubs2==1.8.1
env/bin/python - <<'PYTHON'
import importlib.metadata

import pysubs2

print("pysubs2", importlib.metadata.version("pysubs2"))
CAPTIONS = ((2000, 4000, "one"), (6000, 8000, "two"))


def captions(text, **settings):
    return [(event.start, event.end, event.text) for event in pysubs2.SSAFile.from_string(text, **settings)]


subtitles = pysubs2.SSAFile()
subtitles.extend(pysubs2.SSAEvent(start=start, end=end, text=text) for start, end, text in CAPTIONS)
for rate in (25, 50, 120, 500, 501, 1000):
    text = subtitles.to_string("microdvd", fps=rate)
    known = captions(text, fps=rate)
    try:
        unknown = captions(text)
    except pysubs2.exceptions.UnknownFPSError as error:
        unknown = type(error).__name__
    print(f"  at {rate}: {text.splitlines()}; read without a rate: {unknown}; with it: {known}")
    if rate <= 500:
        assert text.splitlines()[0] == f"{{0}}{{0}}{rate}"
        assert unknown == "UnknownFPSError"
        assert known == [(0, 0, str(rate)), *CAPTIONS]
    else:
        assert text.splitlines()[0] == f"{{1}}{{1}}{rate}" and unknown == list(CAPTIONS)
    right = f"{{1}}{{1}}{rate}\n" + "\n".join(text.splitlines()[1:])
    assert captions(right) == list(CAPTIONS) == captions(text, strict_fps_inference=False)
    assert captions(subtitles.to_string("microdvd", fps=rate, write_fps_declaration=False), fps=rate) == list(CAPTIONS)
PYTHON
