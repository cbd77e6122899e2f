"""The preview without a mark: every frame once, and nothing of it while something else runs."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from pathlib import Path

import av
import numpy as np
import pytest

import app
from config import Settings
from engines.device.manager import ModelManager
from engines.onnx.networks import FRAME_NETWORKS, RVM_NETWORKS
from engines.registry import build_registry
from pipeline.selection.main_object import alpha_of_frame, main_object
from pipeline.session.masks import read_mask
from pipeline.session.quick_preview import (
    LONG_SIDE,
    PreviewMaker,
    PreviewState,
    QuickPreviews,
)
from pipeline.session.session import Session
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from pipeline.worker_process import answer_prompts
from pipeline.workers.dispatch import Dispatcher
from pipeline.workers.prompt_cards import PromptCards
from pipeline.workers.records import WorkerRecord
from pipeline.workers.store import FileJobStore
from pipeline.workers.transfer import SharedFolder
from pipeline.workers.worker import Worker
from tests.disc import write_clip
from tests.engines.tiny_onnx import install, unpinned_manifest
from tests.faults.workplace import wait_until
from utils.priority import ClickPriority

COUNT = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    made = tmp_path_factory.mktemp("quick-preview")
    write_clip(made / "clip.mp4", frame_count=COUNT)
    with unpinned_manifest(made):
        install(RVM_NETWORKS["rvm"], made / "models")
        install(FRAME_NETWORKS["u2netp"], made / "models")
        yield made


def settings_of(folder: Path, workspace: Path, **values: object) -> Settings:
    return Settings(
        _env_file=None,
        workspace_dir=workspace,
        models_dir=folder / "models",
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
        device="cpu",
        **values,
    )


@pytest.fixture
def work(folder: Path, tmp_path: Path):
    made = app.build_orchestrator(settings_of(folder, tmp_path))
    yield made
    assert made.close()


def test_a_clip_just_uploaded_is_previewed_without_a_mark(work, folder: Path) -> None:
    session_id = work.create_session(folder / "clip.mp4", "clip.mp4").id
    for _ in range(600):
        state = work.quick_preview(session_id)
        assert state is not None
        assert not state.has_failed
        if state.is_ready:
            break
        threading.Event().wait(0.05)
    assert state == PreviewState(COUNT, COUNT, is_ready=True)
    assert work.quick_preview_file(session_id, is_clip=False) is None
    with av.open(str(work.quick_preview_file(session_id, is_clip=True))) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == COUNT
    assert max(frames[0].shape) <= LONG_SIDE


def test_a_session_that_is_deleted_meanwhile_is_no_matter_for_who_tells_its_progress(
    work, folder: Path, tmp_path: Path
) -> None:
    session_id = work.create_session(folder / "clip.mp4", "clip.mp4").id
    told = threading.Event()

    def make(session: Session, engine: str, on_done, stopping) -> None:
        shutil.rmtree(session.folder)
        on_done(1)
        told.set()

    previews = QuickPreviews(lambda: "rvm", make)
    previews.ask(Session(tmp_path / "sessions" / session_id))
    assert told.wait(5)
    previews.close()


def test_a_setting_turns_it_off_and_it_needs_the_network(folder: Path, tmp_path: Path) -> None:
    for settings in (
        settings_of(folder, tmp_path / "off", quick_preview=False),
        settings_of(tmp_path, tmp_path / "none"),
    ):
        made = app.build_orchestrator(settings)
        session_id = made.create_session(folder / "clip.mp4", "clip.mp4").id
        assert made.quick_preview(session_id) is None
        assert made.close()


def test_it_gives_its_engine_back_while_something_else_runs(folder: Path, tmp_path: Path) -> None:
    settings = settings_of(folder, tmp_path)
    orchestrator = app.build_orchestrator(settings)
    session_id = orchestrator.create_session(folder / "clip.mp4", "clip.mp4").id
    manager = ModelManager(build_registry(settings), device="cpu")
    job_runs = iter([True, True, False, False, True, True, False])
    leases_while_waiting: list[int] = []

    def is_job_active() -> bool:
        runs = next(job_runs, False)
        leases_while_waiting.append(manager.lease_count())
        return runs

    maker = PreviewMaker(VideoIO(settings), manager, is_job_active)
    session = SessionStore(settings.workspace_dir).open(session_id)
    done: list[int] = []
    pictures = list(maker.composited(session, "rvm", done.append, threading.Event()))
    assert len(pictures) == COUNT
    assert done == list(range(1, COUNT + 1))
    # Twice before the first frame; after the second frame it stopped, and waited once.
    assert leases_while_waiting[:7] == [0, 0, 0, 1, 1, 0, 0]
    assert orchestrator.close()
    manager.close()


def test_working_memory_is_given_back_where_a_preview_pauses_or_ends(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its network took stayed with the page until the next job."""
    settings = settings_of(folder, tmp_path)
    orchestrator = app.build_orchestrator(settings)
    session_id = orchestrator.create_session(folder / "clip.mp4", "clip.mp4").id
    manager = ModelManager(build_registry(settings), device="cpu")
    leases: list[int] = []
    monkeypatch.setattr(manager, "release_working_memory", lambda: leases.append(manager.lease_count()))  # fmt: skip
    job_runs = iter([False, False, True, False])
    maker = PreviewMaker(VideoIO(settings), manager, lambda: next(job_runs, False))
    session = SessionStore(settings.workspace_dir).open(session_id)
    assert len(list(maker.composited(session, "rvm", lambda _: None, threading.Event()))) == COUNT
    assert leases == [0, 0]
    assert orchestrator.close()
    manager.close()


def test_a_click_counts_as_something_else(folder: Path, tmp_path: Path) -> None:
    settings = settings_of(folder, tmp_path)
    manager = ModelManager(build_registry(settings), device="cpu")
    maker = PreviewMaker(VideoIO(settings), manager, lambda: False)
    with manager.lease("rvm"):
        assert not maker.is_busy(own_leases=1)
        with manager.lease("u2netp"):
            assert maker.is_busy(own_leases=1)
    assert not maker.is_busy(own_leases=0)
    manager.close()


def test_with_cards_the_preview_and_the_main_object_are_found_in_a_worker(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(folder, tmp_path)
    store, files = FileJobStore(tmp_path), SharedFolder(SessionStore(tmp_path))
    dispatcher = Dispatcher(store, tmp_path, 90.0, files)
    dispatcher.cards = PromptCards()
    page = app.build_orchestrator(settings, dispatcher)
    monkeypatch.setattr(page._choice.manager, "lease", None)  # the page itself loads nothing
    session_id = page.create_session(folder / "clip.mp4", "clip.mp4").id

    # A worker's side, over the pipe that its process has.
    manager = ModelManager(build_registry(settings), device="cpu")
    own_end, prompts = multiprocessing.Pipe()
    record = WorkerRecord(name="gpu0", engines=())
    worker = Worker(store, tmp_path, files, lambda *_: None, record, 90.0)
    answer_prompts(prompts, settings, manager, worker, ClickPriority())
    assert page.quick_preview(session_id) == PreviewState(0, COUNT)
    dispatcher.cards.add("gpu0", own_end)

    picture = page._clips.read_around(*page._clips.open(session_id, 0), 0, ())[0]
    alpha = dispatcher.cards.find_alpha("u2netp", picture)
    assert np.array_equal(alpha, alpha_of_frame(manager, "u2netp", picture))
    # A random network may find nothing; what it finds makes the mask in either case.
    level = float(np.median(alpha))
    monkeypatch.setattr("pipeline.selection.main_object._PRESENT", level)
    keyframe = page.select_main_object(session_id, 0)
    found = main_object(alpha)
    assert keyframe.engine == "u2netp"
    assert np.array_equal(read_mask(page._store.open(session_id).own_mask_path(0)), found)

    wait_until(lambda: page.quick_preview(session_id) == PreviewState(COUNT, COUNT, is_ready=True))
    assert page.quick_preview_file(session_id, is_clip=False) is None
    assert page.quick_preview_file(session_id, is_clip=True) is not None
    assert page.close()
    manager.close()
