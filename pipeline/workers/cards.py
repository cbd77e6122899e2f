"""Which card a worker process has and how much memory, found without CUDA, which would take some of it."""

from __future__ import annotations

import csv
import logging
import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from config import Settings

logger = logging.getLogger(__name__)

_DRIVER = Path("/proc/driver/nvidia/gpus")
_LIST_CARDS = ("nvidia-smi", "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits")
_LIST_TIMEOUT_S = 20.0
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Memory that a container may use, in bytes, or "max"."""
_MEBIBYTE = 1024**2


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


def list_cards() -> str:
    """Return the driver's list of cards as lines of number, UUID and MiB; "" where it gives none."""
    try:
        return subprocess.run(
            _LIST_CARDS, capture_output=True, text=True, timeout=_LIST_TIMEOUT_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("the cards' memory is not known: %s", error)
        return ""


def device_memory_bytes(
    settings: Settings,
    device: str,
    environment: Mapping[str, str] = os.environ,
    cards: Callable[[], str] = list_cards,
    limit: Path = _CGROUP_LIMIT,
) -> int | None:
    """Return the bytes that engines may use on a device: as set, else of its card or of the main memory.

    Args:
        device: "cpu" or "cuda".
        environment: CUDA_VISIBLE_DEVICES there names the card; of several the first counts.
        cards: gives the driver's list; see `list_cards`.
        limit: the file with a container's limit.

    Returns:
        None where it is not known: no list, a part of a card (MIG), or a number that CUDA may count otherwise.
    """
    if settings.worker_memory_bytes is not None:
        return settings.worker_memory_bytes
    if device == "cpu":
        return _main_memory_bytes(limit)
    card = environment.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip()
    counts_alike = environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    size = _card_bytes(card, cards(), counts_alike=counts_alike) if card else None
    return None if size is None else max(size - settings.gpu_reserve_bytes, 0)


def _card_bytes(card: str, listed: str, *, counts_alike: bool) -> int | None:
    """Return the memory of a card that is named by its number or by the beginning of its UUID."""
    rows = [row for row in csv.reader(listed.splitlines(), skipinitialspace=True) if len(row) == 3]
    by_number = card.isdecimal()
    counts_alike = counts_alike or len({size for _, _, size in rows}) == 1
    named = {
        size
        for number, uuid, size in rows
        if (number == card if by_number else uuid.startswith(card))
    }
    if len(named) != 1 or (by_number and not counts_alike):
        return None
    (size,) = named
    return int(size) * _MEBIBYTE if size.isdecimal() else None


def _main_memory_bytes(limit: Path) -> int:
    import psutil

    total = int(psutil.virtual_memory().total)
    with suppress(OSError, ValueError):
        total = min(total, int(limit.read_text()))
    return total
