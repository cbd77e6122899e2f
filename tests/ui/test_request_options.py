"""A job's options are declared once: command line, API and page take them from there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.session.request import MatteRequest, RenderRequest, build_request, request_specs
from ui.command_line.arguments import parse_arguments, request_values
from ui.request_values import read_request
from utils.errors import BadRequest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipeline", "engines", "ui", "utils")

ADDED = """    shots: Annotated[
        int,
        Option(Text(en="Shots at most", zh="最多镜头数"), minimum=1, maximum=9, aliases=("cuts",)),
    ] = 4
"""
PROBE = """
import asyncio, inspect, json
import gradio as gr
from pathlib import Path
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionState
from ui.command_line.arguments import parse_arguments, request_values
from ui.http.api import Api
from ui.http.endpoint_parameters import with_request_options
from ui.page.controls import build_controls
from ui.request_values import read_request

async def page():
    with gr.Blocks():
        return build_controls("zh")["shots"]

words = ["matte", "clip.mp4", "--everyone", "--out", "o", "--cuts", "7"]
control = asyncio.run(page())
endpoint = with_request_options(Api(None, Path()).submit, MatteRequest)
asked = read_request(MatteRequest, {"shots": "6"})
kept = SessionState(id="x", request=asked).model_dump_json()
print(json.dumps({
    "command line": request_values(parse_arguments(words), MatteRequest)["shots"],
    "API": str(inspect.signature(endpoint).parameters["shots"].annotation),
    "page": [control.label, control.value, control.minimum, control.maximum],
    "request": asked.shots,
    "session": SessionState.model_validate_json(kept).request.shots,
}))
"""


def test_an_option_added_in_one_place_is_in_command_line_api_page_and_session(
    tmp_path: Path,
) -> None:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "config.py", tmp_path)
    path = tmp_path / "pipeline" / "session" / "request.py"
    before, marker, after = path.read_text("utf-8").partition("    separate_targets: Annotated[")
    path.write_text(before + ADDED + marker + after, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "command line": 7,
        "API": "int | None",
        "page": ["最多镜头数", 4, 1, 9],
        "request": 6,
        "session": 6,
    }


EDGES = {
    "grow_px": -1.5, "feather_px": 2.0, "black_point": 0.1,
    "white_point": 0.9, "gamma": 1.5, "despill": 0.5,
}  # fmt: skip


@pytest.mark.parametrize("command", ["matte", "render"])
def test_every_edge_control_and_both_backgrounds_are_command_line_options(command: str) -> None:
    words = [command, "x", "--out", "o", "--background", "picture", "--preview-background", "grey"]
    for name, value in EDGES.items():
        words += [f"--{name.replace('_', '-')}={value}"]
    kind = MatteRequest if command == "matte" else RenderRequest
    request = build_request(kind, request_values(parse_arguments(words), kind))
    assert {name: getattr(request.edges, name) for name in EDGES} == EDGES
    assert (request.backgrounds.foreground, request.backgrounds.preview) == ("picture", "grey")


def test_the_older_option_names_still_work() -> None:
    words = ["matte", "c.mp4", "--out", "o", "--grow", "2", "--feather", "1", "--separate-targets"]
    request = build_request(MatteRequest, request_values(parse_arguments(words), MatteRequest))
    assert (request.edges.grow_px, request.edges.feather_px) == (2.0, 1.0)
    assert request.separate_targets


def test_what_is_not_given_stays_as_the_base_has_it() -> None:
    base = read_request(MatteRequest, {**EDGES, "background": "#0000FF", "outputs": ["png"]})
    again = read_request(RenderRequest, {"gamma": 1.0}, base)
    assert again.edges.gamma == 1.0
    assert again.edges.feather_px == 2.0
    assert again.backgrounds.foreground == "#0000FF"
    assert again.outputs == ("png",)


@pytest.mark.parametrize(
    "values",
    [
        {"grow_px": 51}, {"grow_px": True}, {"gamma": float("nan")}, {"gamma": [1]},
        {"white_point": 0.1, "black_point": 0.5}, {"background": "green"}, {"background": 3},
        {"preview_background": "/etc/passwd"}, {"outputs": []}, {"outputs": "png"},
        {"first": 1.5}, {"last": "end"}, {"everyone": "maybe"}, {"nothing": 1},
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        read_request(MatteRequest, values)


def test_names_are_unique_and_labels_stand_in_both_languages() -> None:
    specs = request_specs(MatteRequest)
    names = [name for spec in specs.values() for name in (spec.name, *spec.option.aliases)]
    assert len(set(names)) == len(names)
    for spec in specs.values():
        assert spec.option.label.en.strip(), spec.name
        assert spec.option.label.zh.strip(), spec.name
