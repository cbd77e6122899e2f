"""Rewrite a safetensors file of float32 in float16, once after it has arrived and was verified.

Format: https://huggingface.co/docs/safetensors (8 bytes of header length, JSON, tensors without gaps). It needs
numpy; the other modules of this package don't.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from fetch.checks import digest_of, require_disk
from fetch.problems import Refused

BLOCK_VALUES = 1 << 22


def to_half(path: Path) -> dict[str, Any]:
    """Replace a file by the same one with its float32 tensors in float16, rounded to nearest even.

    Returns:
        What the receipt says of it: size, sha256, "dtype", and size and sha256 of what it was made "from".

    Raises:
        Refused: numpy is missing, the disk is full, a number is too large for float16, or what was written
            can't be read back. The file is then as it was.
    """
    if importlib.util.find_spec("numpy") is None:
        raise Refused("--fp16 needs numpy. Run first: bash scripts/setup_env.sh --models")
    size = path.stat().st_size
    source = {"size": size, "sha256": digest_of(path, "sha256")}
    require_disk(path.parent, size // 2, path.name)
    part = path.with_name(path.name + ".fp16.part")
    try:
        with path.open("rb") as stream, part.open("wb") as out:
            tensors = read_header(stream)
            start = stream.tell()
            out.write(half_header(tensors))
            for name in in_order(tensors):
                for block in halved(stream, start, name, tensors[name]):
                    out.write(block)
        check_same(path, part)
        made = {"size": part.stat().st_size, "sha256": digest_of(part, "sha256")}
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return {**made, "dtype": "float16", "from": source}


def is_half_of(path: Path, record: dict[str, Any], wanted_sha256: str) -> bool:
    """Tell whether a file is the converted one of a receipt, made from the wanted file ("" for any)."""
    origin = record.get("from", {}).get("sha256", "")
    return bool(
        record.get("dtype") == "float16"
        and wanted_sha256 in ("", origin)
        and path.is_file()
        and path.stat().st_size == record["size"]
        and digest_of(path, "sha256") == record["sha256"]
    )


def read_header(stream: IO[bytes]) -> dict[str, Any]:
    """Read a file's header, tensors by name; the stream then stands at the first tensor."""
    length = int.from_bytes(stream.read(8), "little")
    tensors: dict[str, Any] = json.loads(stream.read(length))
    return tensors


def in_order(tensors: dict[str, Any]) -> list[str]:
    """Return the tensors' names in the order of their bytes."""
    names = [name for name in tensors if name != "__metadata__"]
    return sorted(names, key=lambda name: tensors[name]["data_offsets"][0])


def half_header(tensors: dict[str, Any]) -> bytes:
    """Return the header of the converted file, its length in front."""
    header = {name: dict(entry) for name, entry in tensors.items()}
    end = 0
    for name in in_order(tensors):
        first, last = tensors[name]["data_offsets"]
        is_float32 = tensors[name]["dtype"] == "F32"
        size = (last - first) // 2 if is_float32 else last - first
        header[name]["data_offsets"] = [end, end + size]
        header[name]["dtype"] = "F16" if is_float32 else tensors[name]["dtype"]
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def halved(stream: IO[bytes], start: int, name: str, entry: dict[str, Any]) -> Iterator[bytes]:
    """Yield a tensor's bytes, float32 as float16.

    Raises:
        Refused: a number is too large.
    """
    import numpy as np

    first, last = entry["data_offsets"]
    stream.seek(start + first)
    left = last - first
    while left:
        block = stream.read(min(4 * BLOCK_VALUES, left))
        if not block:
            raise Refused("The file is shorter than its header says.")
        left -= len(block)
        if entry["dtype"] == "F32":
            values = np.frombuffer(block, "<f4")
            with np.errstate(over="ignore"):
                half = values.astype("<f2")
            if np.isinf(half).any() and not np.isinf(values).any():
                raise Refused(f"{name} has numbers too large for float16; the file stays as it is.")
            block = half.tobytes()
        yield block


def check_same(path: Path, part: Path) -> None:
    """Read both files again and compare every number with its rounding.

    Raises:
        Refused: one differs.
    """
    import numpy as np

    with path.open("rb") as stream, part.open("rb") as made:
        before, after = read_header(stream), read_header(made)
        start, made_start = stream.tell(), made.tell()
        for name in in_order(before):
            made.seek(made_start + after[name]["data_offsets"][0])
            for block in halved(stream, start, name, before[name]):
                found = made.read(len(block))
                if not np.array_equal(
                    np.frombuffer(found, np.uint8), np.frombuffer(block, np.uint8)
                ):
                    raise Refused(
                        f"{part.name} was not written as it should be; is the disk sound?"
                    )
