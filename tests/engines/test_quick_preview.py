"""The preview without a mark: every frame once, and nothing of it while something else runs."""

from __future__ import annotations

import threading
from pathlib import Path

import av
import pytest

import app
from config import Settings
from engines.device.manager import ModelManager
from engines.onnx.networks import FRAME_NETWORKS, RVM_NETWORKS
from engines.registry import build_registry
from pipeline.session.quick_preview import LONG_SIDE, PreviewState, QuickPreviews
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from tests.disc import write_clip
from tests.engines.tiny_onnx import install, unpinned_manifest

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

    previews = QuickPreviews(VideoIO(settings), manager, lambda: "rvm", is_job_active)
    session = SessionStore(settings.workspace_dir).open(session_id)
    previews._states[session_id] = PreviewState(0, COUNT)
    pictures = list(previews._composited(session))
    assert len(pictures) == COUNT
    # Twice before the first frame; after the second frame it stopped, and waited once.
    assert leases_while_waiting[:7] == [0, 0, 0, 1, 1, 0, 0]
    assert orchestrator.close()
    manager.close()


def test_a_click_counts_as_something_else(folder: Path, tmp_path: Path) -> None:
    settings = settings_of(folder, tmp_path)
    manager = ModelManager(build_registry(settings), device="cpu")
    previews = QuickPreviews(VideoIO(settings), manager, lambda: "rvm", lambda: False)
    with manager.lease("rvm"):
        assert not previews._is_busy(own_leases=1)
        with manager.lease("u2netp"):
            assert previews._is_busy(own_leases=1)
    assert not previews._is_busy(own_leases=0)
    manager.close()
