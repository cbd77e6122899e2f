"""What a worker process with a simulated card runs in tests: it answers prompts and has no jobs.

What it finds names the card that it sees. The prompt's text says what else happens.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from config import Settings
from engines.base import Instance
from pipeline.workers.prompt_worker import PromptWorker
from utils.errors import UnusablePrompt
from utils.priority import ClickPriority
from utils.types import Frame, Prompt


class CardEngine:
    """Opens a picture and answers: `wait PATH` when the file is there, `die` by ending the process."""

    neighbour_offsets = (-1, 1)

    def open_image(self, image: Frame, around: Mapping[int, Frame] | None = None) -> CardEngine:
        assert sorted(around or {}) == [-1, 1]
        self.opened = getattr(self, "opened", 0) + 1
        return self

    def segment(self, prompt: Prompt) -> list[Instance]:
        word, _, path = prompt.text.partition(" ")
        if word == "wait":
            Path(f"{path}.begun").touch()
            while not Path(path).exists():
                time.sleep(0.01)
        elif word == "die":
            os.abort()
        elif word == "refuse":
            raise UnusablePrompt("prompt.nothing_found")
        mask = np.zeros((4, 4), dtype=bool)
        label = f"{os.environ['CUDA_VISIBLE_DEVICES']} torch={'torch' in sys.modules}"
        return [Instance(mask=mask, score=float(self.opened), label=label)]

    def segment_image(self, image: Frame, prompt: Prompt) -> list[Instance]:
        return self.open_image(image).segment(prompt)


class OneEngineManager:
    def __init__(self) -> None:
        self._engine = CardEngine()

    @contextmanager
    def lease(self, name: str) -> Iterator[CardEngine]:
        yield self._engine


def work(
    settings: Settings, name: str, lives: Callable[[], bool], prompts: Connection | None
) -> None:
    assert prompts is not None
    PromptWorker(prompts, OneEngineManager(), ClickPriority()).start()
    while lives():
        time.sleep(0.05)
