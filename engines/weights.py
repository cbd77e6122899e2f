"""Model files on disk: presence, integrity and size; loads no model."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engines.weights_manifest import Fingerprint, pinned_fingerprints
from utils.errors import ModelFilesError
from utils.partial_names import own_partial_path

RECEIPT_NAME = "receipt.json"
"""Beside the weights: what the download verified, {"files": {name: {"size": …, "sha256": …}}}."""

_MAX_HEADER_BYTES = 100_000_000
"""The safetensors library's own limit for a header."""
_DTYPE_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor of a safetensors file: dtype as the file names it, shape, bytes."""

    dtype: str
    shape: tuple[int, ...]
    size_bytes: int


def download_command(model: str) -> str:
    """Return the shell command that fetches a model (a name `download_models.sh --list` shows)."""
    return f"bash scripts/download_models.sh {model}"


def missing_files(folder: Path, names: Iterable[str]) -> list[str]:
    """Return those of the names that are no non-empty file in the folder."""
    return [name for name in names if not _is_filled(folder / name)]


def require_files(folder: Path, names: Iterable[str], command: str) -> list[Path]:
    """Return the paths of the named files.

    Raises:
        ModelFilesError: one is missing or empty; the text names it and the command.
    """
    names = list(names)
    for name in missing_files(folder, names):
        raise ModelFilesError("engine.files_missing", file=str(folder / name), command=command)
    return [folder / name for name in names]


def files_bytes(paths: Iterable[Path]) -> int:
    """Return the bytes of those of the files that exist."""
    return sum(path.stat().st_size for path in paths if path.is_file())


def read_safetensors_header(path: Path, command: str) -> dict[str, TensorInfo]:
    """Return the tensors of a safetensors file after checking its header against its length.

    Nothing is executed and only the header is read: a truncated file, a file of another kind and a
    header that claims more than the file holds are all found here, in milliseconds.

    Raises:
        ModelFilesError: the file is missing, cut off, or no safetensors file.
    """
    try:
        return _parse_header(path)
    except FileNotFoundError as error:
        raise ModelFilesError("engine.files_missing", file=str(path), command=command) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, str(error) or type(error).__name__, command) from error


def safetensors_bytes(path: Path, bytes_per_value: int, command: str) -> int:
    """Return the bytes of the file's tensors once every value takes `bytes_per_value`."""
    tensors = read_safetensors_header(path, command).values()
    return sum(t.size_bytes // _DTYPE_BYTES[t.dtype] * bytes_per_value for t in tensors)


def damaged(path: Path | str, problem: str, command: str) -> ModelFilesError:
    """Return the error for a damaged or wrong file, to be raised."""
    return ModelFilesError(
        "engine.files_damaged", file=str(path), problem=problem[:300], command=command
    )


def check_loading_info(
    path: Path | str, info: dict[str, Any], command: str, *, allow_missing: Sequence[str] = ()
) -> None:
    """Check the loading info of `from_pretrained(…, output_loading_info=True)`.

    transformers and diffusers fill a missing key with random numbers and go on.

    Args:
        path: the file to name.
        info: the second value of that call.
        command: what fetches the file again.
        allow_missing: keys that may be missing because they are derived from others.

    Raises:
        ModelFilesError: a key is missing, unexpected or of another shape.
    """
    missing = sorted(set(info.get("missing_keys", ())) - set(allow_missing))
    unexpected = sorted(info.get("unexpected_keys", ()))
    mismatched = sorted(str(item) for item in info.get("mismatched_keys", ()))
    for kind, keys in (
        ("missing", missing),
        ("unexpected", unexpected),
        ("of another shape", mismatched),
    ):
        if keys:
            raise damaged(path, f"{len(keys)} keys {kind}, e.g. {keys[0]}", command)


def check_tensor_shapes(
    path: Path,
    found: Mapping[str, Sequence[int]],
    expected: Mapping[str, Sequence[int]],
    command: str,
) -> None:
    """Check the tensor names and shapes of a weight file against those of the network.

    Raises:
        ModelFilesError: a tensor is missing, unexpected or of another shape.
    """
    problems = {
        "missing": expected.keys() - found.keys(),
        "unexpected": found.keys() - expected.keys(),
        "of another shape": {
            key
            for key in expected.keys() & found.keys()
            if tuple(expected[key]) != tuple(found[key])
        },
    }
    for kind, keys in problems.items():
        if keys:
            raise damaged(path, f"{len(keys)} tensors {kind}, e.g. {min(keys)}", command)


def sha256_of(path: Path) -> str:
    """Return the file's sha256 in hex."""
    return _digest_of(path, hashlib.sha256())


def md5_of(path: Path) -> str:
    """Return the file's MD5 in hex: against damage, not against an attacker."""
    return _digest_of(path, hashlib.md5(usedforsecurity=False))


def _digest_of(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


@dataclass(slots=True)
class FileVerifier:
    """Checks model files against the sizes and hashes known for them.

    Known are those that the download noted in the folder's receipt, else those pinned in the repository.
    A file is hashed once by each verifier while its size and time stay the same; keep one in the engine.
    """

    model: str
    command: str
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def verify(self, folder: Path, names: Iterable[str]) -> None:
        """Check the named files of a folder.

        Raises:
            ModelFilesError: a file is missing, or its size or hash is not the known one.
        """
        for path, name in zip(
            require_files(folder, names := list(names), self.command), names, strict=True
        ):
            if path.suffix == ".safetensors":
                read_safetensors_header(path, self.command)
            stat = path.stat()
            if self._seen.get(path) == (stat.st_size, stat.st_mtime_ns):
                continue
            known = self._known(folder, name)
            sizes = {one.size for one in known}
            if sizes and None not in sizes and stat.st_size not in sizes:
                wanted = " or ".join(sorted(str(size) for size in sizes))
                raise damaged(path, f"{stat.st_size} bytes instead of {wanted}", self.command)
            _check_hash(
                path, [one for one in known if one.size in (None, stat.st_size)], self.command
            )
            self._seen[path] = (stat.st_size, stat.st_mtime_ns)

    def _known(self, folder: Path, name: str) -> list[Fingerprint]:
        """Return what the file may be: as received, else as published.

        A download checks the published figures before it writes the receipt, so the receipt is the
        narrower one; a checkpoint of one's own has a receipt of its own.
        """
        receipt = (_read_json(folder / RECEIPT_NAME).get("files") or {}).get(name) or {}
        received = Fingerprint(receipt.get("size"), str(receipt.get("sha256") or ""))
        return [received] if received.sha256 else pinned_fingerprints(self.model, name)


def write_receipt(folder: Path, names: Iterable[str]) -> None:
    """Note the size and sha256 of files as they are now, so that later damage shows."""
    files = {
        name: {"size": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)}
        for name in names
    }
    partial = own_partial_path(folder / RECEIPT_NAME)
    partial.write_text(json.dumps({"files": files}, indent=1))
    partial.replace(folder / RECEIPT_NAME)


def _check_hash(path: Path, known: Sequence[Fingerprint], command: str) -> None:
    """Check the file's hash against those of the fingerprints that have one."""
    for kind, hash_of in (("sha256", sha256_of), ("md5", md5_of)):
        wanted = {getattr(one, kind) for one in known} - {""}
        if wanted and hash_of(path) in wanted:
            return
    if any(one.sha256 or one.md5 for one in known):
        kind = "sha256" if any(one.sha256 for one in known) else "md5"
        raise damaged(path, f"its {kind} is not the expected one", command)


def _is_filled(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def _read_json(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _parse_header(path: Path) -> dict[str, TensorInfo]:
    total = path.stat().st_size
    with path.open("rb") as stream:
        length_bytes = stream.read(8)
        if len(length_bytes) < 8:
            raise ValueError("shorter than a header")
        (length,) = struct.unpack("<Q", length_bytes)
        if length > min(_MAX_HEADER_BYTES, total - 8):
            raise ValueError(f"its header claims {length} bytes")
        header = json.loads(stream.read(length))
    tensors: dict[str, TensorInfo] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, stop = entry["data_offsets"]
        shape = tuple(int(side) for side in entry["shape"])
        count = 1
        for side in shape:
            count *= side
        if stop - start != count * _DTYPE_BYTES[entry["dtype"]]:
            raise ValueError(f"{name} has {stop - start} bytes for shape {shape}")
        tensors[name] = TensorInfo(entry["dtype"], shape, stop - start)
        spans.append((start, stop))
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise ValueError("its tensors overlap or leave gaps")
        end = stop
    if end != total - 8 - length:
        raise ValueError(f"{total - 8 - length} bytes of data instead of {end}")
    return tensors
