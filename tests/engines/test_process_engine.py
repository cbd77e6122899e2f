"""Engines in a process of their own: what is handed over, and what happens when the worker misbehaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from engines.base import ArrayFrames, RunContext
from engines.device.manager import ModelManager
from engines.process import connection as process_connection
from engines.process import host as process_host
from engines.process import job as process_job
from engines.process.connection import Connection
from tests.engines.process_engine import SegmentingStandInEngine, StandInEngine
from tests.engines.stand_in_worker import colour_alpha, means
from utils.errors import Cancelled, EngineError, OutOfGpuMemory
from utils.types import Point, Prompt

ROOT = Path(__file__).resolve().parents[2]
COUNT, HEIGHT, WIDTH = 6, 40, 64


@pytest.fixture(scope="module")
def clip() -> tuple[ArrayFrames, list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(5)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:30, 20:50] = True
    frames = [rng.integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(COUNT)]
    for frame in frames:
        frame[mask] += 120
    return ArrayFrames(frames), frames, mask


@pytest.fixture(scope="module")
def engine() -> Iterator[StandInEngine]:
    made = StandInEngine(engine_stall_s=60)
    made.load_model("cpu")
    yield made
    made.unload()


def run(engine: StandInEngine, clip, start: int = 2, **options: str) -> dict[int, np.ndarray]:
    frames, _, mask = clip
    stream = engine.process(frames, {start: mask}, start, options, RunContext())
    return {item.index: item.alpha for item in stream}


def is_gone(pid: int | None) -> bool:
    assert pid is not None
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_the_worker_s_alphas_arrive_as_it_computed_them(engine, clip):
    _, frames, mask = clip
    found = run(engine, clip)
    colours = means(frames[2], mask)
    assert list(found) == [1, 0, 2, 3, 4, 5]
    for index, alpha in found.items():
        assert np.array_equal(alpha, colour_alpha(frames[index], *colours))
    assert 0.1 < found[3][mask].mean() - found[3][~mask].mean() < 1


def test_a_mask_on_a_later_frame_reaches_the_worker(engine, clip):
    frames, _, mask = clip
    absent = {1: mask, 4: np.zeros_like(mask)}
    found = {i.index: i.alpha for i in engine.process(frames, absent, 1, {}, RunContext())}
    assert found[3].any()
    assert not found[4].any()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("die", "process.died"),
        ("bytes", "process.garbage"),
        ("huge", "process.garbage"),
        ("nan", "process.garbage"),
        ("range", "process.garbage"),
        ("order", "process.garbage"),
        ("early", "process.garbage"),
        ("frames", "process.garbage"),
        ("short", "process.garbage"),
        ("dead", "process.failed"),
    ],
)
def test_a_worker_that_can_t_go_on_is_ended_and_started_again(engine, clip, fault, code):
    expected = run(engine, clip)
    before = engine.worker_pid
    with pytest.raises(EngineError) as caught:
        run(engine, clip, fault=fault)
    assert caught.value.code == code
    assert engine.worker_pid is None
    assert is_gone(before)
    if fault == "die":
        assert "exit code 3" in caught.value.user_message
        assert "what happened last" in caught.value.user_message
    again = run(engine, clip)
    assert engine.worker_pid != before
    assert all(np.array_equal(again[index], expected[index]) for index in expected)


def test_a_worker_that_hangs_is_ended_and_started_again(clip):
    engine = StandInEngine(engine_stall_s=0.5)
    engine.load_model("cpu")
    before = engine.worker_pid
    with pytest.raises(EngineError) as caught:
        run(engine, clip, fault="hang")
    assert caught.value.code == "process.silent"
    assert is_gone(before)
    # A busy machine may leave a sound worker waiting for longer than that.
    engine._host.stall_s = 60
    assert len(run(engine, clip)) == COUNT
    after = engine.worker_pid
    engine.unload()
    assert is_gone(after)


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("raise", EngineError, "ValueError: a tensor of another shape"),
        ("memory", OutOfGpuMemory, "SAM2Matting"),
    ],
)
def test_an_exception_of_the_model_s_code_ends_the_job_alone(engine, clip, fault, error, says):
    run(engine, clip)
    before = engine.worker_pid
    with pytest.raises(error) as caught:
        run(engine, clip, fault=fault)
    assert says in caught.value.user_message
    assert len(run(engine, clip)) == COUNT
    assert engine.worker_pid == before


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP], ids=["gone", "stopped"])
def test_a_worker_that_is_not_well_before_a_job_is_replaced_without_an_error(
    engine, clip, sign, monkeypatch
):
    expected = run(engine, clip)
    before = engine.worker_pid
    os.kill(before, sign)
    if sign == signal.SIGSTOP:
        monkeypatch.setattr(process_host, "HEALTH_S", 0.3)
    found = run(engine, clip)
    assert is_gone(before)
    assert engine.worker_pid != before
    assert all(np.array_equal(found[index], expected[index]) for index in expected)


def test_what_the_worker_prints_neither_blocks_it_nor_is_kept_whole(engine, clip):
    assert len(run(engine, clip, fault="log")) == COUNT
    log = engine._host.connection.log
    assert len(log.splitlines()) <= 40
    assert len(log) < 40 * 501


@pytest.mark.parametrize(("fault", "survives"), [("wait", True), ("hang", False)])
def test_cancel_is_passed_on_and_a_worker_that_does_not_hear_it_is_ended(
    engine, clip, fault, survives, monkeypatch
):
    monkeypatch.setattr(process_job, "CANCEL_S", 60 if survives else 0.3)
    frames, _, mask = clip
    run(engine, clip)
    before = engine.worker_pid
    cancel = threading.Event()
    stream = engine.process(frames, {2: mask}, 2, {"fault": fault}, RunContext(cancel=cancel))
    assert [next(stream).index, next(stream).index] == [1, 0]
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    with pytest.raises(Cancelled):
        next(stream)
    timer.join()
    assert is_gone(before) is not survives
    assert len(run(engine, clip)) == COUNT
    assert (engine.worker_pid == before) is survives


def test_a_second_job_at_once_is_refused_and_the_first_goes_on(engine, clip):
    frames, _, mask = clip
    first = engine.process(frames, {0: mask}, 0, {}, RunContext())
    next(first)
    with pytest.raises(EngineError) as caught:
        next(engine.process(frames, {0: mask}, 0, {}, RunContext()))
    assert caught.value.code == "process.busy"
    assert len(list(first)) == COUNT - 1
    assert len(run(engine, clip)) == COUNT


@pytest.mark.parametrize(
    ("argument", "error", "says"),
    [
        ("other", EngineError, "somebody else"),
        ("raise", OutOfGpuMemory, "memory"),
        ("die", EngineError, "the weights are broken"),
    ],
)
def test_a_load_that_fails_leaves_no_process(argument, error, says):
    engine = StandInEngine(argument)
    children = psutil.Process().children()
    with pytest.raises(error) as caught:
        engine.load_model("cpu")
    assert says in caught.value.user_message
    assert engine.worker_pid is None
    assert {child.pid for child in psutil.Process().children()} <= {c.pid for c in children}


def test_a_worker_ends_with_the_program_even_while_it_computes():
    code = (
        "import os, sys; from tests.engines.process_engine import StandInEngine; import numpy as np\n"
        "from engines.base import ArrayFrames, RunContext\n"
        "mask = np.zeros((8, 8), bool); mask[2:6, 2:6] = True\n"
        "engine = StandInEngine(); engine.load_model('cpu')\n"
        "frames = ArrayFrames([np.zeros((8, 8, 3), np.uint8)] * 5)\n"
        "work = engine.process(frames, {0: mask}, 0, {'fault': 'hang'}, RunContext())\n"
        "next(work); next(work); print(engine.worker_pid, flush=True)\n"
        "engine._host.connection.receive(timeout_s=9, check=lambda: os._exit(0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    pid = int(done.stdout)
    for _ in range(1200):
        if is_gone(pid):
            return
        time.sleep(0.05)
    os.kill(pid, 9)
    raise AssertionError("the worker outlived the program")


def test_settings_and_secrets_do_not_reach_the_worker(monkeypatch):
    for name in ("SPLAZMATTE_PASSWORD", "HF_TOKEN", "PYTHONPATH", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "for nobody else")
    connection = Connection(StandInEngine().worker_command())
    try:
        connection.receive(timeout_s=30)
        environment = Path(f"/proc/{connection.pid}/environ").read_bytes()
    finally:
        connection.stop()
    assert b"PATH=" in environment
    assert b"for nobody else" not in environment
    assert is_gone(connection.pid)


class Card:
    """A card of 100 kB on which other processes hold memory that this process's probe can't attribute."""

    is_gpu = True
    held_by_others = 0

    def capacity_bytes(self, held_bytes: int) -> int:
        return 100_000 - self.held_by_others

    def allocated_bytes(self) -> int:
        return 0

    def reset_peak(self) -> None: ...

    def peak_bytes(self) -> int:
        return 0

    def release(self) -> None: ...


def test_what_the_worker_holds_is_counted_once():
    engine = StandInEngine()

    class Registry:
        names = ("stand-in",)

        def get(self, name: str) -> StandInEngine:
            return engine

    card = Card()
    manager = ModelManager(Registry(), device="cpu", memory=card, wait_s=0)
    try:
        with manager.lease("stand-in"):
            card.held_by_others = engine.outside_bytes
            assert engine.outside_bytes == 7_000
            # Declared were 1,000; the worker says 5,000.
            assert manager.status()[0].weight_bytes == 5_000
        # 100,000 less 5,000 for weights are left to work with.
        with manager.lease("stand-in", 95_000):
            pass
        with pytest.raises(OutOfGpuMemory), manager.lease("stand-in", 95_001):
            pass
    finally:
        manager.close()
    assert engine.outside_bytes == 0


def test_a_click_is_answered_while_a_clip_is_tracked():
    frames = [np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in range(COUNT)]
    masks = {number: np.zeros((HEIGHT, WIDTH), bool) for number in (1, 2)}
    for index, frame in enumerate(frames):
        frame[5:20, index : index + 20] = 200
        frame[25:35, 30:50] = 90
    masks[1][5:20, 2:22], masks[2][25:35, 30:50] = True, True
    click = Prompt(points=(Point(35, 30, True),))
    engine = SegmentingStandInEngine()
    engine.load_model("cpu")
    tracked = {}
    for item in engine.track_video(ArrayFrames(frames), {2: masks}, 2, RunContext()):
        tracked[item.index] = item.masks
        (found,) = engine.segment_image(frames[item.index], click)
        assert np.array_equal(found.mask, masks[2])
    assert list(tracked) == [1, 0, 2, 3, 4, 5]
    for index, by_object in tracked.items():
        assert np.array_equal(by_object[1], frames[index][..., 0] == 200)
        assert np.array_equal(by_object[2], masks[2])
    engine.unload()


def test_more_masks_than_can_be_are_refused():
    engine = SegmentingStandInEngine("scores")
    engine.load_model("cpu")
    with pytest.raises(EngineError, match="at most"):
        engine.segment_image(
            np.zeros((HEIGHT, WIDTH, 3), np.uint8), Prompt(points=(Point(3, 3, True),))
        )
    engine.unload()


def test_a_worker_that_does_not_end_when_told_is_killed(monkeypatch):
    monkeypatch.setattr(process_connection, "_STOP_WAIT_S", 0.1)
    engine = StandInEngine("linger")
    engine.load_model("cpu")
    pid = engine.worker_pid
    engine.unload()
    assert is_gone(pid)
