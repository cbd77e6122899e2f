#!/usr/bin/env bash
# kriptomatte, which makes PNG masks of the Cryptomattes in an EXR file, takes a mask of one level for an empty one: an object that fills
# the whole frame, a wall, a sky or a close-up, gets no file and the note "is not in current frame, not writing masks", and so does one
# that covers everything by a half. Of a sequence just the frames are missing in which the object is largest. The masks that it writes hold
# the coverage in the three colours and in alpha as well, in PNG, which means straight colour: laid on black by any compositor a soft edge
# is squared, 127 shows as 63. Coverage is cut, not rounded, 0.5 is 127. The picture of all objects at once labels a pixel
# with an object however small its coverage, where there is nothing else, so that a soft edge counts in full. An object that leaves a
# single pixel free is found. Seen with kriptomatte 0.0.14, the file written by OpenEXR 3.4.4, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check kriptomatte==0.0.14 OpenEXR==3.4.4 imath==0.0.2 pillow==12.3.0 numpy==2.2.6 2> pip.log || { cat pip.log; exit 1; }
env/bin/python - <<'PYTHON'
import importlib.metadata
import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import OpenEXR
from kriptomatte.pymmh3 import hash as murmur3
from PIL import Image

print("kriptomatte", importlib.metadata.version("kriptomatte"))
SIZE = 16


def identifier(name):
    """A name's number by the Cryptomatte specification: murmur3 with an exponent that is neither 0 nor 255, read as float."""
    number = murmur3(name)
    if number >> 23 & 255 in (0, 255):
        number ^= 1 << 23
    number &= 0xFFFFFFFF
    return struct.unpack("<f", struct.pack("<L", number))[0], f"{number:08x}"


def masks(name, *ranks):
    """Writes a Cryptomatte of pairs of identifier and coverage, runs kriptomatte, and gives its masks and its notes."""
    channels = {channel: np.ones((SIZE, SIZE), np.float16) for channel in "RGB"}
    for rank in range(6):
        pair = ranks[rank] if rank < len(ranks) else (0, 0)
        for letter, plane in zip("RG" if rank % 2 == 0 else "BA", pair, strict=True):
            channels[f"CryptoObject0{rank // 2}.{letter}"] = np.broadcast_to(plane, (SIZE, SIZE)).astype(np.float32).copy()
    prefix = "cryptomatte/" + identifier("CryptoObject")[1][:7] + "/"
    manifest = json.dumps({each: identifier(each)[1] for each in ("wall", "hero", "absent")})
    entries = {"name": "CryptoObject", "hash": "MurmurHash3_32", "conversion": "uint32_to_float32", "manifest": manifest}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    header |= {prefix + key: value for key, value in entries.items()}
    OpenEXR.File(header, channels).write(f"{name}.exr")
    run = subprocess.run(["env/bin/kriptomatte", "-i", str(Path(f"{name}.exr").resolve())], capture_output=True, text=True, check=True)
    notes = sorted(line.split("/")[-1].split()[0] for line in run.stderr.splitlines() if "is not in current frame" in line)
    found = {path.name[: -len("_mask.png")]: np.asarray(Image.open(path)) for path in sorted(Path(f"{name}_CryptoObject").glob("*.png"))}
    combined = np.asarray(Image.open(f"{name}_CryptoObject_mask.png"))
    print(f"{name}: masks of {sorted(found)}, said to be absent: {notes}")
    return found, notes, combined


wall, hero = identifier("wall")[0], identifier("hero")[0]
assert masks("whole_frame", (wall, 1))[:2] == ({}, ["absent", "hero", "wall"])
assert masks("half_everywhere", (hero, 0.5), (wall, 0.5))[:2] == ({}, ["absent", "hero", "wall"])
nearly = np.ones((SIZE, SIZE))
nearly[0, 0] = 0
found, notes, _ = masks("all_but_a_pixel", (np.where(nearly, wall, 0), nearly))
assert list(found) == ["wall"] and notes == ["absent", "hero"]

coverage = np.clip((np.arange(SIZE) - 4) / 8, 0, 1)[None].repeat(SIZE, 0)
found, notes, combined = masks("edge", (np.where(coverage > 0, hero, 0), coverage))
row = found["hero"][8]
print("coverage", coverage[8].tolist())
print("mask", row[:, 3].tolist(), "colour equals alpha:", bool((row[:, :3] == row[:, 3:]).all()))
assert (row == np.floor(coverage[8] * 255)[:, None]).all() and row[8].tolist() == [127] * 4
on_black = Image.alpha_composite(Image.new("RGBA", (SIZE, SIZE), "black"), Image.fromarray(found["hero"]))
print("laid on black", np.asarray(on_black)[8, :, 0].tolist())
assert abs(int(np.asarray(on_black)[8, 8, 0]) - 63) <= 1
labelled = (combined[8] > 0).any(-1).tolist()
assert labelled == (coverage[8] > 0).tolist()
PYTHON
