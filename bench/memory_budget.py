"""What the model manager keeps, evicts and refuses on cards of several sizes: real manager, no GPU.

    python bench/memory_budget.py

The engines are the product's, with the bytes that they declare for 1920x1080; loading is replaced by
reserving those bytes on a simulated card.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from config import Settings
from engines.device.manager import ModelManager
from engines.registry import build_registry
from utils.errors import OutOfGpuMemory

CARDS_GIB = (8, 12, 16, 24, 80)
SEQUENCE = ("sam3", "matanyone", "sam3", "videomama", "sam3", "matanyone")
"""A click, a job on people, a click, a job on a thing, a click, a job on people."""
SIZE_WH = (1920, 1080)
GIB = 1024**3


class Card:
    """A simulated GPU with nothing else on it."""

    is_gpu = True

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes

    def capacity_bytes(self, held_bytes: int) -> int:
        return self.size_bytes

    def allocated_bytes(self) -> int:
        return 0

    def reset_peak(self) -> None:
        return None

    def peak_bytes(self) -> int:
        return 0

    def release(self) -> None:
        return None


def simulate(size_gib: int) -> tuple[list[str], list[str]]:
    """Lease the sequence on a card; return what happened at each step, and what stays loaded."""
    settings = Settings(_env_file=None, device="cuda")
    registry = build_registry(settings)
    for name in set(SEQUENCE):
        engine = registry.get(name)
        engine.load_model = lambda device: None
        engine.unload = lambda: None
    manager = ModelManager(
        registry,
        device="cpu",
        headroom_bytes=settings.gpu_reserve_bytes,
        memory=Card(size_gib * GIB),
        wait_s=0,
    )
    steps = []
    for name in SEQUENCE:
        before = loaded(manager)
        try:
            with manager.lease(name, size_wh=SIZE_WH):
                gone = sorted(before - loaded(manager))
                got = manager.reserved_for(name)
                least = registry.get(name).working_bytes(SIZE_WH)
                more = f" with {got / GIB:.1f} GiB" if got > least else ""
                steps.append(
                    (f"{name}: evicts {', '.join(gone)}" if gone else f"{name}: fits") + more
                )
        except OutOfGpuMemory:
            steps.append(f"{name}: refused")
    return steps, sorted(loaded(manager))


def loaded(manager: ModelManager) -> set[str]:
    return {row.name for row in manager.status() if row.loaded and row.weight_bytes}


def main() -> None:
    registry = build_registry(Settings(_env_file=None, device="cuda"))
    for name in sorted(set(SEQUENCE)):
        engine = registry.get(name)
        weights, working = engine.weight_bytes / GIB, engine.working_bytes(SIZE_WH) / GIB
        print(f"{name:10} weights {weights:5.2f} GiB, working {working:5.2f} GiB at 1920x1080")
    print("| card | " + " | ".join(SEQUENCE) + " | stays |")
    print("| --- " * (len(SEQUENCE) + 2) + "|")
    for size in CARDS_GIB:
        steps, stays = simulate(size)
        cells = [step.partition(": ")[2] for step in steps]
        print(f"| {size} GB | " + " | ".join(cells) + f" | {', '.join(stays)} |")


if __name__ == "__main__":
    main()
