#!/usr/bin/env bash
# The packages with which film tools find the frames of a picture sequence on disk don't agree where a sequence has a minus in it. fileseq takes
# the dash of hair-0001.png, as ImageMagick and many exporters write it, for the sign of the frame number: the sequence is -3 to -1, and
# going through it gives the last frame first, a clip that runs backwards; frame 1 isn't there. clique and pyseq take the sign of a real negative frame (the
# handles before frame 0) for part of the name: hair.-2.png to hair.1.png are two sequences, of which the first is run through backwards and claims the
# frames 1 and 2, which the second has as well. A number that follows the frame number, cam_0001_v2.png, makes one sequence per
# frame in fileseq. pyseq puts hair.1.png and hair.01.png into one sequence as the frames 1, 1 and 2. No message.
# Write frame numbers from 0 on, after a dot, last. Seen with fileseq 3.4.0, clique 2.0.0, pyseq 0.9.3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check fileseq==3.4.0 clique==2.0.0 pyseq==0.9.3
env/bin/python - <<'PYTHON'
import importlib.metadata
from pathlib import Path

import clique
import fileseq
import pyseq

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("fileseq", "clique", "pyseq")))


def sequences(folder, names):
    """What each package finds: for each sequence its frame numbers and its files, in its order."""
    Path(folder).mkdir()
    for name in names:
        Path(folder, name).touch()
    by_fileseq = [(list(found.frameSet()), [Path(path).name for path in found]) for found in fileseq.findSequencesOnDisk(folder)]
    by_clique = [(sorted(found.indexes), [str(name) for name in found]) for found in clique.assemble(names)[0]]
    by_pyseq = [(found.frames(), [item.name for item in found]) for found in pyseq.get_sequences(folder)]
    found = {"fileseq": sorted(by_fileseq), "clique": sorted(by_clique), "pyseq": sorted(by_pyseq)}
    print(f"  {', '.join(names)}")
    for package, answer in found.items():
        print(f"    {package}:", "; ".join(f"frames {frames}: {' '.join(files)}" for frames, files in answer))
    return found


dot = sequences("dot", ["hair.0001.png", "hair.0002.png", "hair.0003.png"])
assert all(answer == [([1, 2, 3], ["hair.0001.png", "hair.0002.png", "hair.0003.png"])] for answer in dot.values())

dash = sequences("dash", ["hair-0001.png", "hair-0002.png", "hair-0003.png"])
assert dash["fileseq"] == [([-3, -2, -1], ["hair-0003.png", "hair-0002.png", "hair-0001.png"])]
assert dash["clique"] == dash["pyseq"] == [([1, 2, 3], ["hair-0001.png", "hair-0002.png", "hair-0003.png"])]

handles = sequences("handles", ["hair.-2.png", "hair.-1.png", "hair.0.png", "hair.1.png"])
assert handles["fileseq"] == [([-2, -1, 0, 1], ["hair.-2.png", "hair.-1.png", "hair.0.png", "hair.1.png"])]
assert handles["clique"] == handles["pyseq"] == [([0, 1], ["hair.0.png", "hair.1.png"]), ([1, 2], ["hair.-1.png", "hair.-2.png"])]

version = sequences("version", ["cam_0001_v2.png", "cam_0002_v2.png", "cam_0003_v2.png"])
assert len(version["fileseq"]) == 3 and all(frames == [2] for frames, _ in version["fileseq"])
assert len(version["clique"]) == len(version["pyseq"]) == 1

widths = sequences("widths", ["hair.1.png", "hair.01.png", "hair.2.png"])
assert sorted(len(files) for _, files in widths["fileseq"]) == [1, 2]
assert len(widths["pyseq"]) == 1 and len(widths["pyseq"][0][1]) == 3
PYTHON
