"""The version of ONNX's operators that a file asks for; it must load no runtime."""

from __future__ import annotations

import mmap
from pathlib import Path

from engines.onnx.protocol_buffers import fields

NEWEST_OPSET = 23
"""The newest version that every ONNX Runtime of the requirements takes."""
_MODEL_OPSET = 8
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_DEFAULT_DOMAINS = (b"", b"ai.onnx")


def check_opset(path: Path) -> None:
    """Check that the operators of an ONNX file are of a version that is known here.

    OpenVINO reads those of a later one as its own newest, whatever they have come to mean. Fields and their numbers:
    onnx.proto3 of the ONNX project.

    Raises:
        ValueError: they are of a later one, or it is no ONNX file.
    """
    with path.open("rb") as file:
        # Mapped: the weights, which are nearly all of a file, are not read for it.
        model = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    for part in fields(model):
        if part.number != _MODEL_OPSET:
            continue
        found = {one.number: one for one in fields(part.content)}
        domain = bytes(found[_OPSET_DOMAIN].content) if _OPSET_DOMAIN in found else b""
        version = found[_OPSET_VERSION].integer if _OPSET_VERSION in found else None
        if domain in _DEFAULT_DOMAINS and (version or 0) > NEWEST_OPSET:
            raise ValueError(
                f"operators of version {version}, of which {NEWEST_OPSET} is the newest known"
            )
