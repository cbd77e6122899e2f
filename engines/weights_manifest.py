"""The manifest of model weights (weights.json): names, files, licences; not what is installed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.messages import Text

PINNED_PATH = Path(__file__).with_name("weights.json")
"""The manifest in the repository: files, and sizes and checksums where they are known."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A file's size in bytes (None: unknown) and checksums in hex ("": unknown)."""

    size: int | None = None
    sha256: str = ""
    md5: str = ""

    @property
    def is_known(self) -> bool:
        """Tell whether anything is known."""
        return self.size is not None or bool(self.sha256 or self.md5)


@dataclass(frozen=True, slots=True)
class ModelWeights:
    """One row of the manifest.

    `name` is what download_models.sh takes; `folder` is under the models folder; `files` are the
    names that must be there; `commercial_use`: the licence text of the weights allows it.
    """

    name: str
    label: str
    folder: str
    files: tuple[str, ...]
    licence: Text
    commercial_use: bool
    gated: bool
    about_mb: int


def model_weights(name: str) -> ModelWeights:
    """Return a model's row.

    Raises:
        KeyError: there is no such row.
    """
    row = _models()[name]
    return ModelWeights(
        name,
        row["label"],
        row["folder"],
        tuple(file for file, entry in row["files"].items() if not entry.get("optional")),
        Text(row["licence"], row.get("licence_zh", row["licence"])),
        row["commercial_use"],
        row["gated"],
        row["about_mb"],
    )


def licence_of(engine: str) -> str:
    """Return the name of the licence of the weights that carry an engine's name; "" where there are none."""
    row = _models().get(engine)
    return str(row["licence"]).partition(" (")[0] if row else ""


def pinned_fingerprints(model: str, file: str) -> list[Fingerprint]:
    """Return what a file may be: one entry for each variant that its sources hold; [] for unknown."""
    entry = _models().get(model, {}).get("files", {}).get(file) or {}
    variants = [{**entry, **source} for source in entry.get("sources", ())] or [entry]
    found = [
        Fingerprint(one.get("size"), one.get("sha256", ""), one.get("md5", "")) for one in variants
    ]
    return [one for one in dict.fromkeys(found) if one.is_known]


def _models() -> dict[str, Any]:
    loaded = json.loads(PINNED_PATH.read_text(encoding="utf-8"))
    return dict(loaded["models"])
