"""Memory of workers and jobs: what is found out, who gets which job, and what is refused with a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config import Settings
from engines.base import RunContext
from engines.device.manager import ModelManager
from engines.registry import build_registry
from pipeline.jobs.memory_needs import MemoryNeeds
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.store import SessionStore
from pipeline.workers.cards import device_memory_bytes
from pipeline.workers.dispatch import Dispatcher
from pipeline.workers.local import LocalWorkers
from pipeline.workers.needs import NO_NEEDS, JobNeeds
from pipeline.workers.records import JobRecord, Order, Phase, WorkerRecord, offer
from pipeline.workers.store import FileJobStore
from pipeline.workers.transfer import SharedFolder
from pipeline.workers.worker import Worker, work_by_asking
from utils.errors import WorkersUnavailable

GIB = 1024**3
CARDS = "0, GPU-aa11, 24564\n1, GPU-bb22, 24564\n"
MIXED = "0, GPU-aa11, 24564\n1, GPU-bb22, 81559\n"
FULL_HD = (1920, 1080)


@pytest.mark.parametrize(
    ("environment", "listed", "mib"),
    [
        ({}, CARDS, 24564),
        ({"CUDA_VISIBLE_DEVICES": "1"}, CARDS, 24564),
        ({"CUDA_VISIBLE_DEVICES": "1,0"}, CARDS, 24564),
        ({"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, MIXED, 81559),
        ({"CUDA_VISIBLE_DEVICES": "GPU-bb"}, MIXED, 81559),
        # CUDA may number cards of several models by their speed.
        ({"CUDA_VISIBLE_DEVICES": "1"}, MIXED, None),
        ({"CUDA_VISIBLE_DEVICES": "MIG-aa11"}, MIXED, None),
        ({"CUDA_VISIBLE_DEVICES": "7"}, CARDS, None),
        ({"CUDA_VISIBLE_DEVICES": ""}, CARDS, None),
        ({}, "0, GPU-aa11, [N/A]\n", None),
        ({}, "", None),
    ],
)
def test_a_card_s_memory_is_what_the_driver_says_less_the_reserve(
    environment: dict[str, str], listed: str, mib: int | None
) -> None:
    settings = Settings(_env_file=None, gpu_reserve_bytes=GIB)
    found = device_memory_bytes(settings, "cuda", environment, lambda: listed)
    assert found == (None if mib is None else mib * 1024**2 - GIB)


def test_without_a_card_it_is_the_machine_s_or_the_container_s_and_a_setting_comes_first(
    tmp_path: Path,
) -> None:
    settings, limit = Settings(_env_file=None), tmp_path / "memory.max"
    whole = device_memory_bytes(settings, "cpu", limit=limit)
    assert whole is not None
    limit.write_text("max\n")
    assert device_memory_bytes(settings, "cpu", limit=limit) == whole
    limit.write_text("1000000\n")
    assert device_memory_bytes(settings, "cpu", limit=limit) == 1_000_000
    stated = settings.model_copy(update={"worker_memory_bytes": 5})
    assert device_memory_bytes(stated, "cuda", {}, lambda: CARDS) == 5


def test_a_job_needs_what_the_model_manager_reserves_for_it_on_the_worker_s_device() -> None:
    settings = Settings(_env_file=None, device="cpu")
    needs = MemoryNeeds(settings)
    registry = build_registry(settings)

    def of(name: str, *starts: int, **values: object) -> JobNeeds:
        request = MatteRequest(engine=name, **values)
        return needs.of_job(name, request, FULL_HD, starts or (0,))

    manager = ModelManager(registry, device="cpu")
    entry = manager._entry("rvm")
    wanted = manager._wanted(entry, None, FULL_HD)
    assert of("rvm").on("cpu") == entry.weight_bytes + wanted.working_bytes
    assert of("builtin").memory_bytes == {}
    # Half precision on a card, though this machine has none.
    assert of("videomama").on("cuda") < 0.6 * of("videomama").on("cpu")
    together = of("matanyone", 0, 0, 0)
    assert together.on("cuda") > of("matanyone").on("cuda") == of("matanyone", 0, 5).on("cuda")


class Place:
    """A page's dispatcher, and stand-ins for two workers: one with 8 GiB and one with 24."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FileJobStore(folder)
        self.sessions = SessionStore(folder)
        self.session: Session = self.sessions.create("clip.mp4")
        self.dispatcher = self.make_dispatcher(None)
        self.small = self.announce("small", 8)
        self.large = self.announce("large", 24)
        self.dispatcher._look_for_workers()

    def make_dispatcher(self, local: LocalWorkers | None) -> Dispatcher:
        files = SharedFolder(self.sessions)
        return Dispatcher(self.store, self.folder, 30.0, files, local=local)

    def announce(self, name: str, gib: int | None, **values: object) -> WorkerRecord:
        memory = None if gib is None else gib * GIB
        values = {"engines": ("rvm", "builtin"), "device": "cuda", **values}
        worker = WorkerRecord(name=name, memory_bytes=memory, **values)
        self.store.announce(worker)
        return worker

    def submit(self, needs: JobNeeds) -> JobRecord:
        job = self.dispatcher.new_job(self.session, MatteRequest(engine=needs.engine), needs)
        job.queue()
        self.store.change(job.record.id, offer)
        return job.record


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def rvm(gib: int) -> JobNeeds:
    return JobNeeds("rvm", {"cpu": 2 * gib * GIB, "cuda": gib * GIB})


def test_a_job_goes_to_the_smallest_idle_worker_with_enough_memory(place: Place) -> None:
    queues = place.dispatcher._queues
    small, large = place.small.queue("rvm"), place.large.queue("rvm")
    assert queues(rvm(4)) == {small}, "it leaves the large card free"
    assert queues(rvm(8)) == {small}
    assert queues(rvm(9)) == {large}
    assert queues(rvm(25)) == frozenset()
    place.announce("small", 8, job="ab12")
    place.announce("cpu", 24, device="cpu")
    place.announce("unknown", None)
    place.dispatcher._look_for_workers()
    assert queues(rvm(4)) == {large}, "the small one is busy, and a card is faster than a processor"
    assert queues(rvm(25)) == {"rvm"}, "its memory is not known: it may try"
    for name, gib, device in (("large", 24, "cuda"), ("cpu", 24, "cpu"), ("unknown", None, "cuda")):
        place.announce(name, gib, device=device, job="cd34")
    place.dispatcher._look_for_workers()
    assert queues(rvm(9)) == {large, "rvm.cpu.25769803776", "rvm"}
    assert queues(rvm(4)) == {small} | queues(rvm(9))


def test_a_job_too_large_for_every_live_worker_is_refused_at_once_with_both_figures(
    place: Place,
) -> None:
    assert place.submit(rvm(24)).memory_bytes["cuda"] == 24 * GIB
    with pytest.raises(WorkersUnavailable) as refused:
        place.submit(rvm(25))
    for text in (refused.value.user_message, refused.value.text("zh")):
        for said in ("rvm", "25600 MB", "large", "24576 MB"):
            assert said in text
    assert "Crop the clip" in refused.value.user_message
    assert "another engine" in refused.value.user_message
    with pytest.raises(WorkersUnavailable, match="No worker is running"):
        place.submit(JobNeeds("matanyone", {"cuda": GIB}))
    assert [record.needs for record in place.store.records()] == ["rvm"]


def test_a_job_goes_to_workers_whose_ffmpeg_can_write_its_files(place: Place) -> None:
    """The page's own FFmpeg was asked: it refused what workers could write, and let through what they could not."""
    place.announce("large", 24, unwritable=("hevc",))
    place.dispatcher._look_for_workers()
    plain, hevc = rvm(4), replace(rvm(4), outputs=("png", "hevc"))
    assert place.dispatcher._queues(hevc) == {place.small.queue("rvm")}
    assert place.dispatcher.may_start(hevc, [plain])
    assert not place.dispatcher.may_start(hevc, [hevc])
    # Neither suits the other's worker: one waited for the other, beside an idle worker of its own.
    assert place.dispatcher.may_start(rvm(20), [hevc])
    assert place.dispatcher.may_start(hevc, [rvm(20)])
    assert not place.dispatcher.may_start(plain, [hevc, rvm(20)])
    # Who reads the queue of workers that can write everything must be able to.
    twin = WorkerRecord(name="a", engines=("rvm",), device="cuda", memory_bytes=8 * GIB)
    assert twin.queue("rvm") == place.small.queue("rvm")
    assert twin.model_copy(update={"unwritable": ("hevc",)}).queue("rvm") != twin.queue("rvm")
    with pytest.raises(WorkersUnavailable, match="largest worker"):
        place.dispatcher.check(replace(rvm(9), outputs=("hevc",)))

    place.announce("small", 8, unwritable=("hevc",))
    with pytest.raises(WorkersUnavailable) as refused:
        place.dispatcher.check(hevc)
    assert refused.value.code == "worker.no_encoder"
    for text in (refused.value.user_message, refused.value.text("zh")):
        assert "rvm" in text and "hevc" in text and "SPLAZMATTE_FFMPEG_PATH" in text
    place.dispatcher.check(plain)
    record = JobRecord(id="a", session_id="b", request=MatteRequest(outputs=("hevc",)), needs="rvm")
    assert record.requirements.outputs == ("hevc",)
    part = record.model_copy(update={"part": 0})
    assert part.requirements.outputs == (), "of a part only alphas are made"


def test_as_many_jobs_start_as_have_a_worker_of_their_size(place: Place) -> None:
    may_start = place.dispatcher.may_start
    assert may_start(rvm(20), [])
    assert may_start(rvm(20), [rvm(4)]), "the small job has the small worker"
    assert may_start(rvm(4), [rvm(20)])
    assert not may_start(rvm(20), [rvm(20)])
    assert not may_start(rvm(4), [rvm(4), rvm(20)])
    assert may_start(rvm(4), [JobNeeds("builtin"), JobNeeds("builtin")])
    assert not may_start(rvm(30), [])
    assert may_start(rvm(4), [rvm(30)]), "a job that waits for a worker holds up nobody"
    assert may_start(rvm(4), [rvm(20), rvm(20)]), "nor does one that waits for the other"
    assert may_start(NO_NEEDS, [rvm(4), rvm(20)]), "workers have it already"
    here = JobNeeds("bria", in_page=True)
    assert may_start(here, [rvm(4)])
    assert not may_start(here, [here])
    place.announce("large", 24, order=Order.PAUSE)
    place.dispatcher._look_for_workers()
    assert not may_start(rvm(20), [])


def test_a_worker_leaves_what_it_is_too_small_for_and_the_large_one_begins_with_it(
    place: Place,
) -> None:
    ran: list[tuple[str, str]] = []

    def work(record: WorkerRecord, jobs: int) -> None:
        def run(sessions: SessionStore, job: JobRecord, context: RunContext) -> None:
            ran.append((record.name, job.id))
            if len(ran) == jobs:
                worker.stop()

        files = SharedFolder(place.sessions)
        worker = Worker(place.store, place.folder, files, run, record, 30.0)
        with worker:
            work_by_asking(worker, place.store, pause_s=0.01)

    small, large, last = (place.submit(rvm(gib)) for gib in (4, 20, 5))
    for record in (large, last):
        assert not Worker(
            place.store, place.folder, SharedFolder(place.sessions), lambda *_: None,
            WorkerRecord(name="tiny", engines=("rvm",), device="cuda", memory_bytes=GIB), 30.0,
        ).run(record.id)  # fmt: skip
    work(place.small, 1)
    assert ran == [("small", last.id)]
    work(place.large, 2)
    assert ran[1:] == [("large", large.id)]
    left = place.store.read(small.id)
    assert left is not None
    assert left.phase is Phase.WAITING


def test_local_workers_are_known_by_their_cards_before_they_have_started(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.workers.local.list_cards", lambda: MIXED)
    monkeypatch.setattr("pipeline.workers.local.likely_device", lambda choice: "cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aa11,GPU-bb22")
    monkeypatch.setattr(LocalWorkers, "_spawn", lambda self, index: None)
    settings = Settings(_env_file=None, workspace_dir=place.folder, workers=2)
    for name in ("small", "large"):
        place.store.dismiss(name)

    def never(*_: object) -> None:
        raise AssertionError("no process is started")

    local = LocalWorkers(settings, never)
    local.start(lambda name: None)
    try:
        names = [environment["CUDA_VISIBLE_DEVICES"] for _, environment in local._shares]
        assert names == ["GPU-aa11", "GPU-bb22"]
        dispatcher = place.make_dispatcher(local)
        place.dispatcher = dispatcher
        place.submit(rvm(70))
        with pytest.raises(WorkersUnavailable, match=r"80535 MB|80536 MB"):
            place.submit(rvm(90))
    finally:
        local.stop()
