"""The command line's grammar."""

import pytest

from ui.command_line.arguments import parse_arguments
from ui.command_line.commands.segment import read_prompt
from ui.command_line.target_arguments import target_groups
from utils.types import Box, Point


@pytest.mark.parametrize("words", [[], ["--port", "8000"], ["--host", "0.0.0.0"], ["serve"]])
def test_without_a_command_it_serves(words: list[str]) -> None:
    assert parse_arguments(words).command == "serve"


def test_serve_takes_host_and_port_with_or_without_its_name() -> None:
    for words in (["--port", "8000"], ["serve", "--port", "8000"]):
        assert parse_arguments(words).port == 8000


def test_points_and_boxes_become_values() -> None:
    options = parse_arguments(
        ["matte", "c.mp4", "--point", "1,2", "--point", "3.5,4,-", "--box", "1,2,3,4", "--out", "o"]
    )
    assert options.point == [Point(1, 2), Point(3.5, 4, positive=False)]
    assert options.box == Box(1, 2, 3, 4)


def test_examples_are_wanted_or_not() -> None:
    words = ["segment", "c.mp4", "--example", "1,2,3,4", "--example", "5,6,7,8,-", "-o", "m.png"]
    prompt = read_prompt(parse_arguments(words))
    assert prompt.exemplars == (Box(1, 2, 3, 4),)
    assert prompt.negative_exemplars == (Box(5, 6, 7, 8),)


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["matte"],
        ["matte", "c.mp4"],
        ["matte", "c.mp4", "--out", "o", "--engine", "magic"],
        ["matte", "c.mp4", "--out", "o", "--point", "a,b"],
        ["matte", "c.mp4", "--out", "o", "--point", "1,2,3"],
        ["segment", "c.mp4", "--box", "1,2,3,inf", "-o", "m.png"],
        ["segment", "c.mp4", "--example", "1,2,3", "-o", "m.png"],
        ["serve", "--port", "x"],
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(words, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(words)
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


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
