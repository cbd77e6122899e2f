"""What the page and the command line say of the same thing."""

import re

import pytest

from utils.errors import BadUpload
from utils.messages import CATALOGUE, Text, render
from utils.types import Message

WITH_PAGE_TEXT = sorted(code for code, text in CATALOGUE.items() if text.page_en)


@pytest.mark.parametrize("code", WITH_PAGE_TEXT)
def test_a_text_with_words_for_the_page_names_options_on_the_command_line_alone(code: str) -> None:
    text = CATALOGUE[code]
    assert "--" not in text.page_en + text.zh
    assert text.en != text.page_en
    assert set(re.findall(r"{\w+}", text.page_en)) == set(re.findall(r"{\w+}", text.zh))


@pytest.mark.parametrize("area", ["video.", "sequence."])
def test_what_is_said_of_an_upload_names_no_option_on_the_page(area: str) -> None:
    shown = {
        code: text.in_language(language)
        for code, text in CATALOGUE.items()
        for language in ("en", "zh")
        if code.startswith(area)
    }
    assert shown
    assert not [code for code, text in shown.items() if "--" in text]


def test_each_side_gets_its_own_words() -> None:
    note = Message("video.has_alpha", {})
    assert "--source-alpha" in render(note)
    assert "--" not in render(note, "en") + render(note, "zh")
    error = BadUpload("sequence.missing", pattern="a.png", numbers="3")
    assert "--missing hold" in error.user_message
    assert "--" not in error.text("en") + error.text("zh")
    plain = Text(en="a", zh="b")
    assert plain.in_language("en") == "a"
