"""docs/adding-an-engine.md, followed: a folder and a registry line, and the engine is everywhere."""

from __future__ import annotations

import json
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app
import engines
from config import Settings
from engines import registry
from engines.base import Capability
from pipeline.jobs.queue import ACTIVE
from pipeline.orchestrator import Orchestrator
from pipeline.session.state import SessionStatus
from tests.disc import disc_frame, write_clip, write_mask_png
from tests.ui.conftest import AppServer
from ui.command_line.cli import main
from utils.errors import BadRequest, EngineUnavailable

ENGINE = """
    from dataclasses import dataclass
    from typing import Annotated

    from engines.base import Capability, Engine, MattedFrame, Preference, Requirement
    from utils.messages import Text
    from utils.options import Option, read_options
    from utils.types import Message


    @dataclass(frozen=True)
    class RedOptions:
        level: Annotated[int, Option(Text("Level", "阈值"), minimum=0, maximum=255)] = 150


    class RedEngine(Engine):
        name = "red"
        label = Message("engine.requirement_weights", {"names": "Red"})
        description = Message("job.cancelled")
        capabilities = frozenset({Capability.MATTE, Capability.EVERYONE})
        guide_kind = "first_mask"
        options_type = RedOptions
        preference = Preference(matte_on_cpu=PREFERENCE, matte_on_gpu=PREFERENCE, everyone=3)
        weight_bytes = 0

        def __init__(self, settings):
            self.present = (settings.models_dir / "red").is_dir()

        def requirements(self):
            return (Requirement(Message("job.cancelled"), self.present, "mkdir red"),)

        def working_bytes(self, size_wh):
            return 0

        def load_model(self, device):
            pass

        def unload(self):
            pass

        def process(self, frames, guide, start, options, context):
            level = read_options(RedOptions, options).level
            for index, frame in enumerate(frames.read(0, len(frames))):
                context.report("matte", index + 1, len(frames))
                yield MattedFrame(index, (frame[..., 0] > level).astype("float32"))
"""


@pytest.fixture(params=[2])
def red(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Steps 1 to 5 of the guide; `request.param` is how much the engine is preferred."""
    folder = tmp_path / "engines" / "red"
    folder.mkdir(parents=True)
    text = textwrap.dedent(ENGINE).replace("PREFERENCE", str(request.param))
    (folder / "__init__.py").write_text("")
    (folder / "engine.py").write_text(text)
    monkeypatch.setattr(engines, "__path__", [*engines.__path__, str(folder.parent)])
    rows = dict(registry.ENGINES)
    registry.ENGINES["red"] = "engines.red.engine:RedEngine"
    (tmp_path / "models" / "red").mkdir(parents=True)
    yield Settings(
        _env_file=None,
        workspace_dir=tmp_path / "workspace",
        models_dir=tmp_path / "models",
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
        segmenter="builtin",
        device="cpu",
    )
    # All again: a row put back by itself would come last.
    registry.ENGINES.clear()
    registry.ENGINES.update(rows)
    for name in ("engines.red.engine", "engines.red"):
        sys.modules.pop(name, None)


@pytest.fixture
def work(red: Settings) -> Iterator[Orchestrator]:
    orchestrator = app.build_orchestrator(red)
    yield orchestrator
    assert orchestrator.close()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4")


def run_command(settings: Settings, *words: str) -> int:
    return main(words, lambda: settings, app.build_orchestrator, lambda _: None)


def assert_is_the_disc(alpha: Path) -> None:
    found = np.asarray(Image.open(alpha)) > 127
    true = disc_frame(5)[1]
    assert np.count_nonzero(found & true) / np.count_nonzero(found | true) > 0.9


def wait(work: Orchestrator, session_id: str) -> None:
    for _ in range(600):
        job = work.status(session_id).job
        if job is not None and job.state not in ACTIVE:
            return
        threading.Event().wait(0.05)
    raise AssertionError("the job did not end")


@pytest.mark.parametrize("how", ["mask", "everyone", "everyone-auto"])
def test_a_job_through_the_command_line(
    red: Settings, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    mask = write_mask_png(tmp_path / "mask.png")
    target = ["--mask", str(mask)] if how == "mask" else ["--everyone"]
    engine = [] if how == "everyone-auto" else ["--engine", "red", "--option", "level=160"]
    words = ["matte", str(clip), *target, *engine, "--outputs", "png", "--json"]
    assert run_command(red, *words, "--out", str(tmp_path / "out")) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["engine"] == "red"
    assert_is_the_disc(tmp_path / "out" / "alpha" / "000005.png")


def test_the_engines_command_lists_it(red: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(red, "engines", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["red"]["available"]
    assert rows["red"]["default"]  # preferred over the built-in engine
    assert rows["red"]["capabilities"] == ["everyone", "matte"]
    level = rows["red"]["options"]["level"]
    assert (level["default"], level["minimum"], level["maximum"]) == (150, 0, 255)
    assert run_command(red, "engines") == 0
    shown = capsys.readouterr().out
    assert "--option level=0 … 255 (default 150)" in shown
    assert level["label"] in shown
    assert "--option fill=" not in shown  # Robust Video Matting is not installed here


@pytest.mark.parametrize(
    ("red", "default"), [(0, "builtin"), (1, "builtin"), (2, "red")], indirect=["red"]
)
def test_the_engine_says_itself_where_it_is_the_default(work: Orchestrator, default: str) -> None:
    assert [info.name for info in work.engines() if info.is_default] == [default]


def test_it_can_be_the_settings_default_and_a_wrong_name_is_refused(
    red: Settings, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orchestrator = app.build_orchestrator(red.model_copy(update={"default_engine": "red"}))
    assert [info.name for info in orchestrator.engines() if info.is_default] == ["red"]
    orchestrator.close()
    for setting, value in (
        ("default_engine", "rot"),
        ("default_engine", "sam3"),
        ("segmenter", "red"),
    ):
        wrong = red.model_copy(update={setting: value})
        assert run_command(wrong, "engines") == 2
        error = capsys.readouterr().err
        assert f"SPLAZMATTE_{setting.upper()} can't be {value}" in error
        assert len(error.splitlines()) == 1


def test_an_engine_that_needs_a_mark_refuses_everyone(
    red: Settings, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["matte", str(clip), "--everyone", "--engine", "builtin", "--out", str(tmp_path / "o")]
    assert run_command(red, *words) == 2
    assert "red" in capsys.readouterr().err
    assert run_command(red, *words[:3], "--point", "9,9", *words[5:]) == 2
    assert "--everyone" in capsys.readouterr().err
    assert not (red.workspace_dir / "sessions").exists()


def test_everyone_says_what_to_install(
    red: Settings, work: Orchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.session.request import MatteRequest

    for engine in list(registry.build_registry(red)):
        if Capability.EVERYONE in engine.capabilities and engine.name != "red":
            del registry.ENGINES[engine.name]
    (red.models_dir / "red").rmdir()
    bare = app.build_orchestrator(red)
    with pytest.raises(EngineUnavailable) as caught:
        bare.check_request(MatteRequest(everyone=True))
    assert "mkdir red" in caught.value.user_message
    bare.close()
    del registry.ENGINES["red"]
    with pytest.raises(BadRequest) as none:
        app.build_orchestrator(red).check_request(MatteRequest(everyone=True))
    assert none.value.code == "engine.everyone_none"


def test_a_made_up_engine_mattes_through_the_page(
    work: Orchestrator, red: Settings, clip: Path
) -> None:
    from tests.page_handlers import page_handlers

    calls, page = page_handlers(work, red)
    cards = calls.load("", "en", "en")[page.engines]["engines"]
    assert "red" in [card["name"] for card in cards]
    state = work.create_session(clip, "clip.mp4")
    work.read_mask_upload(state.id, 0, write_mask_png(clip.parent / "mask.png"))
    marks = {"frame": 0, "points": [], "box": None, "first": 0, "last": 11, "sequence": 1}
    engine = {"engine": "red", "options": {"level": "160"}}
    controls = [control.value for control in page.controls.values()]
    calls.start(state.id, "en", marks, engine, ["png"], None, *controls)
    wait(work, state.id)
    assert work.state(state.id).status is SessionStatus.DONE
    assert work.state(state.id).options_used == {"level": 160}
    assert_is_the_disc(red.workspace_dir / "sessions" / state.id / "alpha" / "000005.png")


def test_a_made_up_engine_mattes_through_the_api(
    red: Settings, clip: Path, make_server: Callable[..., AppServer]
) -> None:
    gradio_client = pytest.importorskip("gradio_client")
    folder = str(red.models_dir.parent / "engines")
    script = (
        "import runpy, sys; sys.path.insert(0, ''); import engines; from engines import registry;"
        f"engines.__path__.append({folder!r}); registry.ENGINES.update({registry.ENGINES!r});"
        "runpy.run_path('app.py', run_name='__main__')"
    )
    server = make_server(entry=("-c", script), SPLAZMATTE_MODELS_DIR=str(red.models_dir))
    client = gradio_client.Client(server.url, verbose=False, analytics_enabled=False)
    assert "red" in [row["name"] for row in client.predict(api_name="/engines")]
    uploaded = client.predict(clip=gradio_client.handle_file(str(clip)), api_name="/upload")
    asked = {"session": uploaded["session"], "outputs": ["png"], "everyone": True}
    client.predict(**asked, engine="red", api_name="/submit")
    status = {"job": {"is_active": True}}
    while status["job"]["is_active"]:
        threading.Event().wait(0.1)
        status = client.predict(session=asked["session"], api_name="/status")
    result = client.predict(session=asked["session"], api_name="/result")
    assert (result["state"], result["engine"]) == ("done", "red")
    session_folder = server.workspace / "sessions" / asked["session"]
    assert_is_the_disc(session_folder / "alpha" / "000005.png")
    client.close()
    assert server.stop() == 0
    assert server.errors() == []
