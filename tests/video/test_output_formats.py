"""A made-up format, declared in one file, is on the command line, page, API, disk estimate and disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
import pipeline.video_io.outputs
from config import Settings
from pipeline.jobs.disk_estimate import estimate_bytes
from pipeline.video_io.outputs import registry
from tests.disc import write_clip, write_mask_png
from ui.command_line.cli import main
from ui.downloads import output_views
from ui.page.components import output_choices
from utils.errors import BadRequest

MADE_UP = """
from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import SequenceSink
from utils.messages import Text


class MeansOutput(OutputFormat):
    kind = "means"
    position = 45
    names = ("means",)
    label = Text(en="Mean alpha as text", zh="平均透明度")
    note = Text(en="For counting.", zh="用于统计。")
    layout = None
    bytes_per_pixel = 7.0
    is_sequence = True
    media_type = "application/zip"

    def open(self, target):
        return MeansSink(target, self.names, ".txt")


class MeansSink(SequenceSink):
    def write_frame(self, paths, picture):
        paths[0].write_text(f"{picture.alpha.mean():.3f}")

    def is_readable(self, path):
        return float(path.read_text()) >= 0


FORMAT = MeansOutput()
"""


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "means.py").write_text(MADE_UP)
    path = [*pipeline.video_io.outputs.__path__, str(folder)]
    monkeypatch.setattr(pipeline.video_io.outputs, "__path__", path)
    registry.formats.cache_clear()
    yield "means"
    registry.formats.cache_clear()


def test_a_format_declared_in_one_file_is_found_everywhere_and_renders(
    made_up: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(
        _env_file=None,
        workspace_dir=tmp_path / "workspace",
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
    )
    clip, mask = write_clip(tmp_path / "clip.mp4", 5), write_mask_png(tmp_path / "mask.png")
    with pytest.raises(SystemExit):
        main(["matte", "--help"], lambda: settings, app.build_orchestrator, app.serve)
    assert "png,means,prores" in "".join(capsys.readouterr().out.split())
    assert ("平均透明度", made_up) in output_choices("zh")
    assert (
        estimate_bytes((100, 100), 10, (made_up,)) - estimate_bytes((100, 100), 10, ()) == 1_400_000
    )

    arguments = ["matte", str(clip), "--mask", str(mask), "--engine", "builtin", "--json"]
    arguments += ["--outputs", f"alpha,{made_up}", "--out", str(tmp_path / "out")]
    assert main(arguments, lambda: settings, app.build_orchestrator, app.serve) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["outputs"][made_up] == str(tmp_path / "out" / "means")
    means = [float(path.read_text()) for path in sorted((tmp_path / "out" / "means").iterdir())]
    assert len(means) == 5
    assert 10 < min(means) <= max(means) < 60

    orchestrator = app.build_orchestrator(settings)
    state = orchestrator.state(summary["session"])
    files = output_views(state, orchestrator.outputs(state.id), "zh")
    assert orchestrator.close()
    assert [(item["kind"], item["note"]) for item in files][1] == (made_up, "用于统计。")
    assert files[1]["file_name"] == "clip_means.zip"


def test_an_unknown_format_is_refused_with_the_names_there_are(made_up: str) -> None:
    with pytest.raises(BadRequest, match="means"):
        registry.check_outputs(("alpha", "avif"))
    with pytest.raises(BadRequest):
        registry.check_outputs(())


def test_every_format_has_its_own_place_and_files() -> None:
    found = registry.formats().values()
    assert len({item.position for item in found}) == len(found)
    names = [name for item in found for name in item.names]
    assert len(set(names)) == len(names)
    for item in found:
        assert item.bytes_per_pixel > 0
        assert item.label_in("en") != item.label_in("zh")
        assert item.note_in("en") != item.note_in("zh")
