"""A stand-in for the MatAnyone packages: a small recurrent core in numpy, and faults on demand.

It follows colours instead of a network, but keeps state like the real one, so that a core used for two
jobs, a wrong order of steps or a missing warm-up shows in its alphas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from config import Settings
from engines.matanyone.contract import Generation, SeedMask
from engines.matanyone.engine import MatAnyoneEngine
from engines.matanyone.options import processing_size_wh
from utils.types import Alpha, Frame, OnNotice

MEMORY_FRAMES = 5


@dataclass
class FakeBackend:
    """A `Backend` without packages or weights.

    Faults: `missing` packages; out of memory in steps at more than `memory_short_side` pixels, from
    step `memory_step` of a core on; a NaN in the alpha of step `nan_step`.
    `log` keeps what happened: ("load", generation), ("core", short side), ("begin"/"settle"/"advance").
    """

    missing: tuple[str, ...] = ()
    memory_short_side: int | None = None
    memory_step: int = 0
    nan_step: int | None = None
    log: list[tuple[str, str | int]] = field(default_factory=list)

    def missing_packages(self) -> tuple[str, ...]:
        return self.missing

    def load(self, generation: Generation, weights: Path, device: str) -> FakeNetwork:
        self.log.append(("load", generation))
        return FakeNetwork(self)


@dataclass
class FakeNetwork:
    backend: FakeBackend

    def open_cores(
        self, size_wh: tuple[int, int], short_side: int, amp: bool, on_notice: OnNotice
    ) -> Callable[[], FakeCore]:
        return lambda: self.open_core(size_wh, short_side)

    def open_core(self, size_wh: tuple[int, int], short_side: int) -> FakeCore:
        self.backend.log.append(("core", short_side))
        return FakeCore(self.backend, size_wh, short_side)


class FakeCore:
    """Foreground and background colour, remembered over the last five frames."""

    def __init__(self, backend: FakeBackend, size_wh: tuple[int, int], short_side: int) -> None:
        self._backend = backend
        self._size_wh = size_wh
        self._short_side = short_side
        self._inside_wh = processing_size_wh(size_wh, short_side)
        self._colours: list[np.ndarray] = []
        self._near = np.zeros(0, np.float32)
        self._first: np.ndarray | None = None
        self._last = np.zeros(0, np.float32)
        self._steps = 0

    def begin(self, frame: Frame, mask: SeedMask) -> None:
        assert not self._colours, "a core belongs to one run"
        assert mask.dtype == np.float32 and set(np.unique(mask)) <= {0.0, 255.0}
        self._count("begin")
        self._first = self._small(frame)
        inside = cv2.resize(mask, self._inside_wh, interpolation=cv2.INTER_NEAREST) > 127
        self._near = self._neighbourhood(inside.astype(np.float32))
        self._remember(self._first, inside.astype(np.float32))

    def settle(self) -> None:
        assert self._first is not None
        self._count("settle")
        self._last = self._predict(self._first)

    def first_alpha(self) -> Alpha:
        self._first = None
        return self._full(self._last)

    def advance(self, frame: Frame) -> Alpha:
        assert self._first is None and self._colours, "begin and settle come first"
        self._count("advance")
        small = self._small(frame)
        self._last = self._predict(small)
        self._remember(small, self._last)
        return self._full(self._last)

    def _count(self, kind: str) -> None:
        backend = self._backend
        limit = backend.memory_short_side
        if limit is not None and self._short_side > limit and self._steps >= backend.memory_step:
            raise RuntimeError("CUDA out of memory. Tried to allocate 1.33 GiB")
        self._steps += 1
        backend.log.append((kind, self._steps))

    def _small(self, frame: Frame) -> np.ndarray:
        return cv2.resize(frame, self._inside_wh, interpolation=cv2.INTER_AREA).astype(np.float32)

    def _neighbourhood(self, alpha: np.ndarray) -> np.ndarray:
        reach = max(3, min(self._inside_wh) // 8) | 1
        return cv2.dilate((alpha > 0.5).astype(np.uint8), np.ones((reach, reach), np.uint8))

    def _remember(self, small: np.ndarray, alpha: np.ndarray) -> None:
        inside = alpha > 0.5
        if inside.any() and not inside.all():
            pair = np.stack([np.median(small[inside], axis=0), np.median(small[~inside], axis=0)])
            # The first frame stays for ever, as in the real memory.
            self._colours = [*self._colours[:1], *self._colours[1:][-(MEMORY_FRAMES - 1) :], pair]
        self._near = self._neighbourhood(alpha)

    def _predict(self, small: np.ndarray) -> np.ndarray:
        foreground, background = np.mean(self._colours, axis=0)
        to_foreground = np.linalg.norm(small - foreground, axis=2)
        to_background = np.linalg.norm(small - background, axis=2)
        alpha = to_background / np.maximum(to_foreground + to_background, 1e-6)
        alpha = np.clip((alpha - 0.4) / 0.2, 0, 1) * self._near
        return alpha.astype(np.float32)

    def _full(self, alpha: np.ndarray) -> Alpha:
        full = cv2.resize(alpha, self._size_wh, interpolation=cv2.INTER_LINEAR)
        if self._steps == self._backend.nan_step:
            full[0, 0] = np.nan
        return full


def moving_disc(index: int, size_wh: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Frame and true mask: an orange disc over blue noise, both moving."""
    width, height = size_wh
    noise = np.random.default_rng(1).integers(0, 40, (height, width, 3), dtype=np.uint8)
    frame = np.ascontiguousarray(np.roll(noise, 3 * index, axis=1))
    frame[..., 2] += np.linspace(0, 120, width).astype(np.uint8)
    centre = width // 3 + 4 * (index % 12), height // 2
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, centre, height // 4, 1, -1)
    frame[mask > 0] = (210, 160, 90)
    return frame, mask > 0


def write_fake_weights(models_dir: Path, *names: str) -> None:
    """Put weight files that only have a name where the settings look for them."""
    for name in names:
        (models_dir / name).mkdir(parents=True, exist_ok=True)
        (models_dir / name / "model.safetensors").write_bytes(b"stand-in")


def write_random_weights(folder: Path, seed: int = 0) -> Path:
    """Random weights of the published architecture as a hub repository's file; needs torch."""
    import torch
    from safetensors.torch import save_file

    from engines.matanyone.network.network import MatAnyoneNetwork

    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(MatAnyoneNetwork().state_dict(), folder / "model.safetensors")
    return folder


def make_fake_engine(models_dir: Path, backend: FakeBackend | None = None) -> MatAnyoneEngine:
    """A loaded MatAnyone engine on the stand-in core; the folder gets weight files of both kinds."""
    write_fake_weights(models_dir, "matanyone", "matanyone2")
    engine = MatAnyoneEngine(
        Settings(_env_file=None, models_dir=models_dir), backend or FakeBackend()
    )
    engine.load_model("cpu")
    return engine
