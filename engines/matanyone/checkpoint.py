"""MatAnyone's weight files: which one is used, its generation, its configuration, safe reading."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

from engines.matanyone.contract import Generation
from engines.weights import FileVerifier, damaged, download_command, missing_files
from utils.errors import ModelFilesError

MODEL_NAMES: dict[Generation, str] = {"1": "matanyone", "2": "matanyone2"}
"""Generation -> name of the download and of the released .pth file."""

_RECURRENCE: dict[str, object] = {
    "flip_aug": False,
    "max_mem_frames": 5,
    "mem_every": 5,
    "stagger_updates": 5,
    "top_k": 30,
    "use_long_term": False,
}
"""The published configurations' values of what `engines.matanyone.target` implements."""

WEIGHT_BYTES = 141_000_000
"""About 35 million float32 parameters, the same in both generations."""


def weight_file_names(generation: Generation) -> tuple[str, str]:
    """Return the file names accepted, the preferred one first (hub repository, then release)."""
    return "model.safetensors", f"{MODEL_NAMES[generation]}.pth"


def find_weights(folder: Path, generation: Generation) -> Path | None:
    """Return the weight file in the folder, or None; a path to a file itself is taken as it is."""
    if folder.is_file():
        return folder
    names = weight_file_names(generation)
    missing = missing_files(folder, names)
    return next((folder / name for name in names if name not in missing), None)


def require_weights(folder: Path, generation: Generation) -> Path:
    """Return the weight file in the folder.

    Raises:
        ModelFilesError: there is none.
    """
    weights = find_weights(folder, generation)
    if weights is None:
        raise ModelFilesError(
            "engine.files_missing",
            file=str(folder / weight_file_names(generation)[0]),
            command=download_command(MODEL_NAMES[generation]),
        )
    return weights


def read_config(folder: Path) -> dict[str, Any]:
    """Return the network's configuration from the folder's config.json; empty where there is none.

    Raises:
        ModelFilesError: the file is there but is no such configuration.
    """
    path = folder / "config.json"
    if not path.is_file():
        return {}
    command = download_command(MODEL_NAMES["2"])
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
        config = loaded.get("cfg", {})
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise damaged(path, str(error) or type(error).__name__, command) from error
    if not isinstance(config, dict):
        raise damaged(path, "“cfg” is no table", command)
    return config


def check_config(folder: Path) -> None:
    """Check that the weights' config.json, where there is one, describes what the engine implements.

    Raises:
        ModelFilesError: it asks for another recurrence, or is damaged.
    """
    config = read_config(folder)
    for name, value in _RECURRENCE.items():
        if name in config and config[name] != value:
            raise damaged(
                folder / "config.json",
                f"{name} is {config[name]}, not {value}",
                download_command(MODEL_NAMES["2"]),
            )


def read_tensors(path: Path, generation: Generation, verifier: FileVerifier) -> dict[str, Any]:
    """Return the file's tensors by name, on the CPU; nothing in the file is executed.

    Raises:
        ModelFilesError: the file is damaged, not the one expected, or holds more than tensors.
    """
    import torch

    command = download_command(MODEL_NAMES[generation])
    verifier.verify(path.parent, [path.name])
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            loaded = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise damaged(path, str(error) or type(error).__name__, command) from error
    if not isinstance(loaded, dict) or not all(
        isinstance(tensor, torch.Tensor) for tensor in loaded.values()
    ):
        raise damaged(path, "it is no table of tensors", command)
    return loaded
