"""How far decoding, a GPU engine and rendering run at the same time: each of them sleeps instead of working.

    python bench/beside.py [--frames 60]

Sleeping stands for a GPU that works while the CPU is free, so the times don't depend on what else runs on the machine
as long as there is a little of it left. The engines' own loops and the pipeline's queue are the product's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engines.base import ArrayFrames, MattedFrame, RunContext
from engines.matanyone.engine import MatAnyoneEngine
from engines.videomama.engine import VideoMaMaEngine
from tests.engines import fake_matanyone, fake_videomama
from tests.engines.tiny_videomama import moving_disc
from utils.prefetch import ahead
from utils.types import Frame, Mask

DECODE_S, STEP_S, RENDER_S = 0.03, 0.06, 0.04


class SlowFrames(ArrayFrames):
    """Frames whose decoding takes its time."""

    def read(self, start: int, stop: int, step: Any = 1) -> Iterator[Frame]:
        for frame in super().read(start, stop, step):
            time.sleep(DECODE_S)
            yield frame


class SlowCore(fake_matanyone.FakeCore):
    """A MatAnyone core whose step takes its time."""

    def advance(self, frame: Frame) -> Any:
        time.sleep(STEP_S)
        return super().advance(frame)


class SlowNetworks(fake_videomama.FakeNetworks):
    """VideoMaMa's networks; encoding a frame and its mask takes the whole step's time."""

    def encode(self, image: Any) -> Any:
        time.sleep(STEP_S / 2)
        return super().encode(image)


def matanyone(frames: list[Frame], masks: Mapping[int, Mask]) -> Iterator[MattedFrame]:
    fake_matanyone.FakeCore = SlowCore  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        engine = fake_matanyone.make_fake_engine(Path(folder))
        yield from engine.process(SlowFrames(frames), {0: masks[0]}, 0, {}, RunContext())


def videomama(frames: list[Frame], masks: Mapping[int, Mask]) -> Iterator[MattedFrame]:
    job = fake_videomama.make_job(SlowNetworks(), SlowFrames(frames), masks, window=8, overlap=2)
    yield from job.run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=60)
    count = parser.parse_args().frames
    frames, masks = moving_disc(count)
    one_by_one = count * (DECODE_S + STEP_S + RENDER_S)
    depths = {matanyone: MatAnyoneEngine.alphas_at_once, videomama: VideoMaMaEngine.alphas_at_once}
    for make, depth in depths.items():
        list(make(frames[:1], masks))  # what is imported first
        began_s = time.perf_counter()
        alphas = []
        for item in ahead(lambda make=make: make(frames, masks), depth):  # type: ignore[misc]
            time.sleep(RENDER_S)
            alphas.append(item.alpha)
        took_s = time.perf_counter() - began_s
        print(
            f"{make.__name__:10} {took_s:5.1f} s for {count} frames; one after the other {one_by_one:.1f} s, "
            f"the engine alone {count * STEP_S:.1f} s ({np.stack(alphas).shape})"
        )


if __name__ == "__main__":
    main()
