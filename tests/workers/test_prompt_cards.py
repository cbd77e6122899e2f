"""Prompts in worker processes with simulated cards: each goes to the card with least to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from pipeline.session.store import SessionStore
from pipeline.workers.local import LocalWorkers
from tests.faults.workplace import wait_until
from tests.workers import card_worker
from utils.errors import Cancelled, EngineUnavailable, UnusablePrompt
from utils.types import Prompt

FRAME = np.zeros((4, 4, 3), dtype=np.uint8)


class Place:
    """Two workers with a card each, and the prompts that are under way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = Settings(_env_file=None, workspace_dir=folder, workers=2)
        self.workers = LocalWorkers(settings, card_worker.work)
        self.read: list[tuple[int, ...]] = []
        self.threads: list[threading.Thread] = []

    def ask(self, frame: int, text: str = "find") -> tuple[str, int]:
        """Return which card answered, and how many pictures it had opened by then."""

        def read(distances: tuple[int, ...]) -> dict[int, np.ndarray]:
            self.read.append(distances)
            return dict.fromkeys((0, *distances), FRAME)

        (found,) = self.workers.cards.segment(("s", frame, "sam"), Prompt(text=text), read)
        card, torch = found.label.split()
        assert torch == "torch=False"
        return card, int(found.score)

    def keep_busy(self, frame: int) -> Path:
        """Have a prompt under way until the file that is returned is made."""
        path = self.folder / f"go on {frame}"
        thread = threading.Thread(target=self.ask, args=(frame, f"wait {path}"))
        thread.start()
        self.threads.append(thread)
        wait_until(Path(f"{path}.begun").exists)
        return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    monkeypatch.setattr("pipeline.workers.local.PAUSE_S", 0.1)
    made = Place(tmp_path)
    made.workers.start(lambda name: None)
    yield made
    made.workers.stop()
    made.workers.close(2.0)
    for thread in made.threads:
        thread.join()


def test_a_prompt_goes_to_the_card_with_least_to_do_and_stays_with_its_frame(place: Place) -> None:
    cards = place.workers.cards
    assert place.ask(1) == ("5", 1)
    assert place.ask(1) == ("5", 1), "the frame is open there"
    assert place.read == [(-1, 1)]
    go_on = place.keep_busy(2)
    assert place.ask(3) == ("7", 1)
    both = place.keep_busy(4)
    assert place.ask(5)[0] == "5"
    assert place.ask(3) == ("7", 2), "also where another prompt is under way there"
    for path in (go_on, both):
        path.touch()
    wait_until(lambda: not any(card.prompts for card in cards._cards.values()))

    first, second = cards._cards
    cards.has_job = lambda name: name == first
    assert place.ask(6)[0] == "7"
    cards.has_job = lambda name: name == second
    assert place.ask(7)[0] == "5"
    with pytest.raises(UnusablePrompt):
        place.ask(7, "refuse")


def test_the_main_object_and_previews_go_to_the_card_with_least_to_do_too(place: Place) -> None:
    cards = place.workers.cards
    session = SessionStore(place.folder).create("clip.mp4")

    def card_of(engine: str = "find") -> str:
        return str(round(float(cards.find_alpha(engine, FRAME)[0, 0]) * 100))

    go_on = place.folder / "end the preview"
    done: list[int] = []
    making = threading.Thread(
        target=cards.make_preview, args=(session, f"wait {go_on}", done.append, threading.Event())
    )
    place.threads.append(making)
    making.start()
    wait_until(lambda: done)
    (busy,) = map(str, done)
    (free,) = {"5", "7"} - {busy}
    assert [card_of(), place.ask(1)[0], card_of()] == [free] * 3
    go_on.touch()
    making.join()
    assert done == [int(busy), 100]

    with pytest.raises(UnusablePrompt):
        cards.find_alpha("refuse", FRAME)
    with pytest.raises(EngineUnavailable, match="3 worker processes ended"):
        cards.make_preview(session, "die", done.append, threading.Event())
    place.workers.stop()
    with pytest.raises(Cancelled):
        cards.make_preview(session, "find", done.append, threading.Event())


def test_a_worker_that_dies_of_a_prompt_costs_that_prompt_only(place: Place) -> None:
    with pytest.raises(EngineUnavailable, match="3 worker processes ended"):
        place.ask(1, "die")
    assert place.ask(1)[0] in ("5", "7")
    place.workers.stop()
    with pytest.raises(EngineUnavailable):
        place.ask(1)


def test_without_a_card_the_page_answers_prompts_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gpus, device in (("", "auto"), ("0,1", "cpu")):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
        settings = Settings(_env_file=None, workspace_dir=tmp_path, workers=2, device=device)
        assert LocalWorkers(settings, card_worker.work).cards is None
