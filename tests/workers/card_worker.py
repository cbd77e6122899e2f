"""What a worker process with a simulated card runs in tests: it answers prompts and has no jobs.

What it finds names the card that it sees. The prompt's text, or the engine's name, says what else happens.
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
from pipeline.workers.prompt_worker import CardWork, PromptWorker
from utils.errors import UnusablePrompt
from utils.priority import ClickPriority
from utils.types import Alpha, Frame, Prompt


def obey(text: str) -> None:
    word, _, path = text.partition(" ")
    if word == "wait":
        Path(f"{path}.begun").touch()
        while not Path(path).exists():
            time.sleep(0.01)
    elif word == "die":
        os.abort()
    elif word == "refuse":
        raise UnusablePrompt("prompt.nothing_found")


def find_alpha(engine: str, frame: Frame) -> Alpha:
    """Obey, and return an alpha of the card's number in hundredths."""
    obey(engine)
    return np.full(frame.shape[:2], int(os.environ["CUDA_VISIBLE_DEVICES"]) / 100, np.float32)


def make_preview(engine: str, session_id: str, on_done: Callable[[int], None]) -> None:
    """Say that as many frames are done as the card's number, then obey, then say 100."""
    on_done(int(os.environ["CUDA_VISIBLE_DEVICES"]))
    obey(engine)
    on_done(100)


class CardEngine:
    """Opens a picture and answers: `wait PATH` when the file is there, `die` by ending the process."""

    neighbour_offsets = (-1, 1)

    def open_image(self, image: Frame, around: Mapping[int, Frame] | None = None) -> CardEngine:
        assert sorted(around or {}) == [-1, 1]
        self.opened = getattr(self, "opened", 0) + 1
        return self

    def segment(self, prompt: Prompt) -> list[Instance]:
        obey(prompt.text)
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
    work = CardWork(find_alpha, make_preview)
    PromptWorker(prompts, OneEngineManager(), ClickPriority(), work).start()
    while lives():
        time.sleep(0.05)
