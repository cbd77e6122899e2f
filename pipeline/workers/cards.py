"""Which card a worker process has, found without CUDA, which would take memory of it."""

from __future__ import annotations

import os
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")


def card_name(driver: Path = _DRIVER) -> str:
    """Return the visible card for people, "" where there is none: its number, and its model where all are of one.

    CUDA may number cards of several models by their speed, the driver doesn't.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    models = set()
    for path in driver.glob("*/information"):
        fields = dict(line.partition(":")[::2] for line in path.read_text().splitlines())
        models.add(fields.get("Model", "").strip())
    if not models:
        return ""
    return " ".join([*(models if len(models) == 1 else ()), visible]).strip()
