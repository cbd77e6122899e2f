"""The command line's grammar."""

from pathlib import Path

import pytest

import app
from ui.command_line.arguments import parse_arguments
from ui.command_line.commands.matte import check_matte
from ui.command_line.commands.segment import read_prompt
from ui.command_line.target_arguments import key_frames, target_groups
from utils.errors import UnusablePrompt
from utils.types import Box, Point


@pytest.mark.parametrize("words", [[], ["--port", "8000"], ["--host", "0.0.0.0"], ["serve"]])
def test_without_a_command_it_serves(words: list[str]) -> None:
    assert parse_arguments(words).command == "serve"


def test_a_python_without_the_packages_is_told_which_one_to_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app._explain(ModuleNotFoundError, ModuleNotFoundError("No module named 'av'"), None)
    (line,) = capsys.readouterr().err.splitlines()
    assert "'av'" in line and ".venv/bin/python app.py" in line


def test_serve_takes_host_and_port_with_or_without_its_name() -> None:
    for words in (["--port", "8000"], ["serve", "--port", "8000"]):
        assert parse_arguments(words).port == 8000


def test_points_and_boxes_become_values() -> None:
    options = parse_arguments(
        ["matte", "c.mp4", "--point", "1,2", "--point", "3.5,4,-", "--box", "1,2,3,4", "--out", "o"]
    )
    assert options.point == [Point(1, 2), Point(3.5, 4, positive=False)]
    assert options.box == Box(1, 2, 3, 4)


def test_a_frame_given_again_begins_a_further_key_frame_of_its_target() -> None:
    words = ["matte", "c.mp4", "--box", "1,2,3,4", "--frame", "2", "--frame", "9", "--point", "5,6"]
    words += ["--target", "B", "--point", "7,8", "--frame", "4", "--frame", "6", "--mask", "m.png"]
    first, second = target_groups(parse_arguments([*words, "--out", "o"]))
    found = [[(marks.frame, marks.box, marks.point, marks.mask) for marks in key_frames(group)]
             for group in (first, second)]  # fmt: skip
    assert found == [
        [(2, Box(1, 2, 3, 4), [], None), (9, None, [Point(5, 6)], None)],
        [(4, None, [Point(7, 8)], None), (6, None, [], Path("m.png"))],
    ]
    parsed = parse_arguments(
        ["matte", "c.mp4", "--box", "1,2,3,4", "--frame", "0", "--frame", "3", "--out", "o"]
    )
    with pytest.raises(UnusablePrompt):
        check_matte(parsed)


def test_examples_are_wanted_or_not() -> None:
    words = ["segment", "c.mp4", "--example", "1,2,3,4", "--example", "5,6,7,8,-", "-o", "m.png"]
    prompt = read_prompt(parse_arguments(words))
    assert prompt.exemplars == (Box(1, 2, 3, 4),)
    assert prompt.negative_exemplars == (Box(5, 6, 7, 8),)


def test_examples_alone_mark_a_target() -> None:
    """`matte` asked for a mark beside them."""
    options = parse_arguments(["matte", "c.mp4", "--example", "1,2,3,4", "--out", "o"])
    options.workspace_dir = Path("workspace")
    check_matte(options)


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["matte"],
        ["matte", "c.mp4"],
        ["matte", "c.mp4", "--out", "o", "--box", "1,2,3,4", "--box", "5,6,7,8"],
        ["matte", "c.mp4", "--out", "o", "--mask", "a.png", "--mask", "b.png"],
        ["matte", "c.mp4", "--out", "o", "--frame", "3", "--frame", "3"],
        ["matte", "c.mp4", "--out", "o", "--engine", "magic"],
        ["matte", "c.mp4", "--out", "o", "--point", "a,b"],
        ["matte", "c.mp4", "--out", "o", "--point", "1,2,3"],
        ["segment", "c.mp4", "--box", "1,2,3,inf", "-o", "m.png"],
        ["segment", "c.mp4", "--example", "1,2,3", "-o", "m.png"],
        ["serve", "--port", "x"],
        ["serve", "--port", "99999"],
        ["matte", "", "--box", "1,2,3,4", "--out", "o"],
        ["matte", "c.mp4", "--box", "1,2,3,4", "--out", ""],
        ["matte", "c.mp4", "--mask", "", "--out", "o"],
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(words, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(words)
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_outputs_given_twice_are_all_made_and_a_home_folder_is_found() -> None:
    words = ["matte", "c.mp4", "--box", "1,2,3,4", "--outputs", "alpha,png", "--outputs", "webm"]
    options = parse_arguments([*words, "--out=~/matte"])
    assert options.outputs == ["alpha", "png", "webm"]
    assert options.out == Path.home() / "matte"


def test_an_argument_too_many_leads_to_the_help_of_its_command(capsys) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["segment", "a.mp4", "b.mp4", "--box", "1,2,3,4", "-o", "m.png"])
    error = capsys.readouterr().err
    assert "unrecognized arguments: b.mp4" in error and "app.py segment --help" in error


def test_marks_after_a_target_option_are_that_targets() -> None:
    words = "--box 1,2,3,4 --target board --frame 12 --point 5,6 --point 7,8,- --target cap --main-object"
    options = parse_arguments(["matte", "c.mp4", *words.split(), "--out", "o"])
    first, board, cap = target_groups(options)
    assert (first.box, first.point, first.frame) == (Box(1, 2, 3, 4), [], 0)
    assert (board.name, board.box, board.frame) == ("board", None, 12)
    assert board.point == [Point(5, 6), Point(7, 8, positive=False)]
    assert (cap.name, cap.main_object, cap.point) == ("cap", True, [])
    alone = parse_arguments(["matte", "c.mp4", "--target", "cap", "--text", "cap", "--out", "o"])
    assert [group.name for group in target_groups(alone)] == ["cap"]
