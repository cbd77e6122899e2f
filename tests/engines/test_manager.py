"""The model manager's rules, on dummy engines and a fake card."""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager

import pytest

from engines.base import Engine, Preference
from engines.device.manager import ModelManager
from engines.device.memory_budget import EngineState
from engines.device.memory_probe import PeakRecords
from utils.errors import (
    BadRequest,
    Cancelled,
    EngineUnavailable,
    GpuUnhealthy,
    ModelFilesError,
    OutOfGpuMemory,
)
from utils.types import Message


class Card:
    """A fake GPU: engines and leases allocate on it; going over its size is recorded."""

    is_gpu = True

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self.peak = 0
        self.overruns = 0
        self._lock = threading.Lock()

    def allocate(self, amount: int) -> None:
        with self._lock:
            self.used += amount
            self.peak = max(self.peak, self.used)
            if self.used > self.size:
                self.overruns += 1

    def capacity_bytes(self, held_bytes: int) -> int:
        return self.size

    def allocated_bytes(self) -> int:
        return self.used

    def reset_peak(self) -> None:
        self.peak = self.used

    def peak_bytes(self) -> int:
        return self.peak

    def release(self) -> None:
        """There is nothing to give back."""


class Dummy(Engine):
    def __init__(self, name: str, card: Card, weight: int, working: int = 10) -> None:
        self.name = name
        self.label = Message(name)
        self.description = Message(name)
        self.capabilities = frozenset()
        self.preference = Preference(segment=1 if name.startswith("sam") else 0)
        self.card = card
        self.weight = weight
        self.working = working
        self.loaded = False
        self.loads = 0
        self.load_gate: threading.Event | None = None
        self.load_started = threading.Event()
        self.load_errors: list[Exception] = []
        self.lent = 0
        self.unloaded_while_lent = False
        self.releases = 0

    def release_memory(self) -> None:
        self.releases += 1

    @property
    def weight_bytes(self) -> int:
        return self.weight

    def requirements(self):
        return ()

    def working_bytes(self, size_wh) -> int:
        return self.working

    def load_model(self, device: str) -> None:
        self.load_started.set()
        self.loads += 1
        if self.load_errors:
            raise self.load_errors.pop(0)
        if self.load_gate is not None:
            assert self.load_gate.wait(60)
        self.card.allocate(self.weight)
        self.loaded = True

    def unload(self) -> None:
        if self.loaded:
            self.unloaded_while_lent |= self.lent > 0
            self.loaded = False
            self.card.allocate(-self.weight)


class Registry:
    def __init__(self, *engines: Dummy) -> None:
        self.engines = {engine.name: engine for engine in engines}

    @property
    def names(self):
        return tuple(self.engines)

    def get(self, name: str) -> Dummy:
        if name not in self.engines:
            raise BadRequest("engine.unknown", name=name, known="-")
        return self.engines[name]


def make(card: Card, *engines: Dummy, reserve: int = 0, **options) -> ModelManager:
    options.setdefault("wait_s", 60)
    return ModelManager(
        Registry(*engines), device="cpu", headroom_bytes=reserve, memory=card, **options
    )


@contextmanager
def lent(manager: ModelManager, card: Card, name: str, working: int = 10):
    with manager.lease(name, working) as engine:
        engine.lent += 1
        card.allocate(working)
        try:
            yield engine
        finally:
            card.allocate(-working)
            engine.lent -= 1


def states(manager: ModelManager) -> dict[str, EngineState]:
    return {status.name: status.state for status in manager.status()}


def test_nine_threads_of_forty_leases_never_exceed_the_card():
    card = Card(200)
    engines = [Dummy(name, card, weight) for name, weight in
               (("sam3", 60), ("matanyone", 40), ("videomama", 110), ("sam2", 20))]  # fmt: skip
    manager = make(card, *engines, reserve=20)
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        choice = random.Random(seed)
        try:
            for _ in range(40):
                name = choice.choice([engine.name for engine in engines])
                with lent(manager, card, name, choice.choice((5, 20, 40))) as engine:
                    assert engine.loaded
                    assert manager.reserved_bytes() <= 180
                    time.sleep(choice.random() * 0.001)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert not any(thread.is_alive() for thread in threads)
    assert card.overruns == 0
    assert not any(engine.unloaded_while_lent for engine in engines)
    manager.unload_idle()
    assert card.used == 0
    assert manager.reserved_bytes() == 0


def test_slow_load_does_not_delay_a_loaded_engine():
    card = Card(1000)
    fast, slow = Dummy("sam3", card, 10), Dummy("videomama", card, 10)
    slow.load_gate = threading.Event()
    manager = make(card, fast, slow)
    with lent(manager, card, "sam3"):
        pass

    def load_slow() -> None:
        with lent(manager, card, "videomama"):
            pass

    thread = threading.Thread(target=load_slow)
    thread.start()
    try:
        assert slow.load_started.wait(60)
        for _ in range(5):
            with lent(manager, card, "sam3") as engine:
                assert engine.loaded
        assert states(manager)["videomama"] is EngineState.LOADING
    finally:
        slow.load_gate.set()
        thread.join(60)
    assert states(manager)["videomama"] is EngineState.LOADED


def test_two_models_are_never_built_at_once():
    card = Card(1000)
    building = []
    overlapped = []

    class Builder(Dummy):
        def load_model(self, device: str) -> None:
            building.append(self.name)
            time.sleep(0.02)
            overlapped.append(len(building) > 1)
            super().load_model(device)
            building.remove(self.name)

    engines = [Builder(name, card, 10) for name in "abc"]
    manager = make(card, *engines)

    def work(name: str) -> None:
        with manager.lease(name):
            pass

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert overlapped == [False, False, False]


def test_same_engine_wanted_by_many_is_loaded_once():
    card = Card(1000)
    engine = Dummy("sam3", card, 10)
    manager = make(card, engine)
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        with manager.lease("sam3"):
            time.sleep(0.01)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert engine.loads == 1


def test_least_recently_used_leaves_first_and_sam3_last():
    card = Card(100)
    engines = [Dummy("sam3", card, 30), Dummy("old", card, 30), Dummy("new", card, 30),
               Dummy("next", card, 30), Dummy("whole_card", card, 90)]  # fmt: skip
    manager = make(card, *engines)
    for name in ("sam3", "old", "new"):
        with lent(manager, card, name):
            pass
    with lent(manager, card, "next"):
        now = states(manager)
    assert now["old"] is EngineState.ABSENT
    assert now["new"] is now["sam3"] is EngineState.LOADED
    with lent(manager, card, "whole_card"):
        assert states(manager)["sam3"] is EngineState.ABSENT


def test_eviction_stops_as_soon_as_the_need_fits():
    card = Card(100)
    engines = [Dummy(name, card, 30, 0) for name in ("a", "b", "c", "d")]
    manager = make(card, *engines)
    for name in ("a", "b", "c"):
        with manager.lease(name):
            pass
    with manager.lease("d"):
        now = states(manager)
    assert [name for name, state in now.items() if state is EngineState.ABSENT] == ["a"]


def test_nobody_is_evicted_where_that_would_not_be_enough():
    card = Card(100)
    engines = [Dummy("idle", card, 20, 0), Dummy("busy", card, 60, 0), Dummy("big", card, 70, 0)]
    manager = make(card, *engines)
    with manager.lease("idle"):
        pass
    with manager.lease("busy"), pytest.raises(OutOfGpuMemory), manager.lease("big", wait_s=0.05):
        pass
    assert states(manager)["idle"] is EngineState.LOADED


def test_leased_engine_is_never_evicted_and_the_other_waits_for_it():
    card = Card(100)
    held, wanting = Dummy("a", card, 60), Dummy("b", card, 60)
    manager = make(card, held, wanting)
    order: list[str] = []

    def want() -> None:
        with lent(manager, card, "b"):
            order.append("b")

    with lent(manager, card, "a"):
        thread = threading.Thread(target=want)
        thread.start()
        time.sleep(0.1)
        assert held.loaded
        order.append("a")
    thread.join(60)
    assert order == ["a", "b"]
    assert not held.unloaded_while_lent
    assert card.overruns == 0


def test_what_can_never_fit_is_refused_at_once_with_numbers():
    card = Card(3_000_000)
    manager = make(card, Dummy("big", card, 5_000_000, 0), wait_s=3600)
    with pytest.raises(OutOfGpuMemory) as caught, manager.lease("big"):
        pass
    assert "5 MB" in caught.value.user_message
    assert "3 MB" in caught.value.user_message
    assert manager.reserved_bytes() == 0


def test_waiting_for_room_can_be_cancelled():
    card = Card(100)
    manager = make(card, Dummy("a", card, 60), Dummy("b", card, 60))
    cancel = threading.Event()
    threading.Timer(0.1, cancel.set).start()
    with (
        lent(manager, card, "a"),
        pytest.raises(Cancelled),
        manager.lease("b", wait_s=30, cancel=cancel),
    ):
        pass


def test_failed_load_leaves_zero_bytes_and_can_be_tried_again():
    card = Card(100)
    engine = Dummy("a", card, 60)
    engine.load_errors = [ModelFilesError("engine.files_missing", file="x", command="y")]
    manager = make(card, engine)
    with pytest.raises(ModelFilesError), manager.lease("a"):
        pass
    assert manager.reserved_bytes() == 0
    assert card.used == 0
    with manager.lease("a") as again:
        assert again.loaded


def test_memory_short_at_load_evicts_the_idle_and_tries_once_more():
    card = Card(100)
    idle, engine = Dummy("idle", card, 10, 0), Dummy("a", card, 20, 0)
    engine.load_errors = [RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")]
    manager = make(card, idle, engine)
    with manager.lease("idle"):
        pass
    with manager.lease("a") as again:
        assert again.loaded
        assert not idle.loaded
    assert engine.loads == 2


def test_memory_short_twice_at_load_is_a_clear_error():
    card = Card(100)
    engine = Dummy("a", card, 20, 0)
    engine.load_errors = [RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")] * 2
    manager = make(card, engine)
    with pytest.raises(OutOfGpuMemory), manager.lease("a"):
        pass
    assert engine.loads == 2
    assert manager.reserved_bytes() == 0


def test_dead_context_fails_the_job_and_marks_the_process_unhealthy():
    card = Card(100)
    manager = make(card, Dummy("a", card, 20, 0))
    manager._capacity._resolved = "cuda"
    with pytest.raises(GpuUnhealthy), manager.lease("a"):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    assert not manager.healthy
    with pytest.raises(GpuUnhealthy), manager.lease("a"):
        pass


def test_raw_out_of_memory_in_a_lease_becomes_the_users_error():
    card = Card(100)
    manager = make(card, Dummy("a", card, 20, 0))
    with pytest.raises(OutOfGpuMemory), manager.lease("a"):
        raise RuntimeError("CUDA out of memory")
    assert manager.healthy
    with manager.lease("a"):
        pass


def test_other_errors_pass_through_and_end_the_lease():
    card = Card(100)
    manager = make(card, Dummy("a", card, 20))
    with pytest.raises(ZeroDivisionError), manager.lease("a"):
        raise ZeroDivisionError
    (status,) = manager.status()
    assert (status.leases, status.working_bytes) == (0, 0)


def test_measured_peaks_are_recorded_and_kept_for_other_processes(tmp_path):
    card = Card(1000)
    book = tmp_path / "peaks.json"
    manager = make(card, Dummy("a", card, 200, 50), peaks=PeakRecords(book))
    with manager.lease("a"):
        card.allocate(80)
        card.allocate(-80)
    (status,) = manager.status()
    assert (status.measured_weight_bytes, status.measured_peak_bytes) == (200, 80)
    (reread,) = make(card, Dummy("a", card, 200, 50), peaks=PeakRecords(book)).status()
    assert reread.measured_peak_bytes == 80


def test_peak_above_the_declared_corrects_the_memory_budget():
    card = Card(1000)
    manager = make(card, Dummy("a", card, 100, 50))
    with manager.lease("a"):
        card.allocate(150)
        card.allocate(-150)
    with manager.lease("a"):
        assert manager.reserved_bytes() == 100 + 150


def test_correction_falls_again_with_leases_that_take_less():
    card = Card(1000)
    manager = make(card, Dummy("a", card, 100, 50))
    with manager.lease("a"):
        card.allocate(150)
        card.allocate(-150)
    reserved = []
    for _ in range(4):
        with manager.lease("a"):
            reserved.append(manager.reserved_bytes() - 100)
    assert reserved == sorted(reserved, reverse=True)
    assert reserved[0] == 150
    assert reserved[-1] < 90


def test_job_that_filled_the_card_and_shrank_does_not_lock_its_engine_out():
    card = Card(1000)
    manager = make(card, Dummy("a", card, 100, 50))
    with manager.lease("a"):
        card.allocate(895)
        card.allocate(-895)
    with manager.lease("a"):
        assert manager.reserved_bytes() == 100 + 50


def test_correction_beyond_the_card_reserves_what_there_is():
    card = Card(1000)
    manager = make(card, Dummy("a", card, 100, 500))
    with manager.lease("a"):
        card.allocate(840)
        card.allocate(-840)
    card.size = 900
    with manager.lease("a"):
        assert manager.reserved_bytes() <= 900


def test_peak_of_overlapping_leases_is_nobodys():
    card = Card(1000)
    manager = make(card, Dummy("a", card, 100, 50), Dummy("b", card, 100, 50))
    with manager.lease("a"), manager.lease("b"):
        card.allocate(500)
        card.allocate(-500)
    assert [status.measured_peak_bytes for status in manager.status()] == [0, 0]


def test_weightless_engine_needs_no_room_and_waits_for_no_load():
    card = Card(100)
    slow, builtin = Dummy("videomama", card, 90), Dummy("builtin", card, 0, 10**9)
    slow.load_gate = threading.Event()
    manager = make(card, slow, builtin)

    def load_slow() -> None:
        with manager.lease("videomama"):
            pass

    thread = threading.Thread(target=load_slow)
    thread.start()
    try:
        assert slow.load_started.wait(60)
        with manager.lease("builtin") as engine:
            assert engine.loaded
            assert manager.reserved_bytes() == 100
    finally:
        slow.load_gate.set()
        thread.join(60)


def test_closed_manager_lends_nothing_and_holds_nothing():
    card = Card(100)
    engine = Dummy("a", card, 60)
    manager = make(card, engine)
    with manager.lease("a"):
        pass
    manager.close()
    assert card.used == 0
    with pytest.raises(EngineUnavailable), manager.lease("a"):
        pass


def test_engines_that_nobody_uses_give_working_memory_back_and_stay_loaded():
    card = Card(1000)
    engines = [Dummy(name, card, 10) for name in ("asked", "matting", "never")]
    manager = make(card, *engines)
    with lent(manager, card, "asked"):
        pass
    with lent(manager, card, "matting"):
        manager.release_working_memory()
    assert [engine.releases for engine in engines] == [1, 0, 0]
    assert states(manager)["asked"] is EngineState.LOADED


def test_unknown_engine_is_refused():
    manager = make(Card(100))
    with pytest.raises(BadRequest), manager.lease("nope"):
        pass


def test_importing_and_building_a_manager_loads_no_torch():
    import subprocess
    import sys

    code = (
        "import sys; from config import Settings; from engines.registry import build_registry\n"
        "from engines.device.manager import ModelManager\n"
        "m = ModelManager(build_registry(Settings())); m.device; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_engines_are_listed_with_the_peaks_of_earlier_processes(tmp_path):
    from config import Settings
    from engines.registry import build_registry
    from pipeline.engine_choice import EngineChoice

    PeakRecords(tmp_path / "peaks.json").record("sam2", "cuda", weight_bytes=100, working_bytes=40)
    settings = Settings(_env_file=None, models_dir=tmp_path, workspace_dir=tmp_path)
    registry = build_registry(settings)
    manager = ModelManager(registry, device="cpu", peaks=PeakRecords(tmp_path / "peaks.json"))
    rows = {row.name: row for row in EngineChoice(settings, registry, manager).everything()}
    assert (rows["sam2"].peak_bytes, rows["sam2"].peak_device) == (140, "cuda")
    assert rows["builtin"].peak_bytes == 0


class Flexible(Dummy):
    """Works with 10 and uses 60 where they are free."""

    def wanted_bytes(self, size_wh) -> int:
        return 60


@pytest.mark.parametrize(("size", "granted"), [(200, 60), (100, 35), (76, 11), (75, 10)])
def test_more_than_the_least_is_reserved_as_far_as_it_is_free(size, granted):
    card = Card(size)
    sam, large = Dummy("sam", card, 20, working=5), Flexible("large", card, 40)
    manager = ModelManager(Registry(sam, large), device="cpu", memory=card, wait_s=0)
    with manager.lease("sam"):
        pass
    with manager.lease("large"):
        assert manager.reserved_for("large") == granted
        # A job of the engine that was loaded before still fits beside it.
        with manager.lease("sam"):
            assert sam.loads == 1
        card.allocate(granted)
        card.allocate(-granted)
    with manager.lease("large"):
        assert manager.reserved_for("large") == granted
