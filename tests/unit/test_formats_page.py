"""docs/formats.md says what goes in, what comes out and where that is tested: it may not fall behind."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from config import Settings
from pipeline.postprocess.appearance import FileOptions
from pipeline.video_io.outputs.registry import formats

TESTS = Path(__file__).resolve().parent.parent
PAGE = (TESTS.parent / "docs" / "formats.md").read_text(encoding="utf-8")


def rows(section: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named_tests(row: list[str]) -> list[str]:
    return re.findall(r"`([\w/]+\.py)`", row[-1])


def test_every_row_names_files_with_tests() -> None:
    for row in rows("Sources") + rows("Outputs"):
        assert named_tests(row), row
        for name in named_tests(row):
            assert re.search(r"^def test_", (TESTS / name).read_text("utf-8"), re.MULTILINE), name


def test_every_output_has_a_row_and_is_written_by_the_tests_it_names() -> None:
    tested = {kind: row for row in rows("Outputs") for kind in re.findall(r"`(\w+)`", row[0])}
    assert tested.keys() == formats().keys()
    for kind, row in tested.items():
        texts = [(TESTS / name).read_text("utf-8") for name in named_tests(row)]
        assert any(f'"{kind}"' in text for text in texts), kind


def test_notes_of_outputs_say_straight_where_the_table_does() -> None:
    straight = [row[0] for row in rows("Outputs") if "straight" in row[2]]
    kinds = re.findall(r"`(\w+)`", " ".join(straight))
    assert "prores" in kinds
    for kind in kinds:
        note = formats()[kind].note
        assert "straight" in note.en.lower(), kind
        assert "Straight" in note.zh, kind


def test_every_option_of_files_is_read_by_a_format() -> None:
    read = {name for output in formats().values() for name in output.file_options}
    assert read == {field.name for field in fields(FileOptions)}


@pytest.mark.parametrize("name", ["formats", "codecs"])
def test_containers_and_codecs_are_those_of_the_settings(name: str) -> None:
    accepted = ", ".join(getattr(Settings(_env_file=None), name))
    assert f": {accepted}" in " ".join(PAGE.split())
