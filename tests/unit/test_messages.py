"""What the page and the command line say of the same thing."""

import math
import re

import pytest

from utils.errors import BadUpload
from utils.messages import CATALOGUE, Text, render
from utils.messages.text import fill
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


SEVERAL = re.compile(
    r"(?<!of ){\w+} (?:frames(?! a second|/s)|jobs|clips|targets|sessions|minutes|hours|seconds|places|engines|things|were)\b"
)
"""A number and a word for several of it."""
NEVER_ONE = {
    "video.too_many_frames": "more than a limit of at least one",
    "remote.deadline": "with a decimal: 1.0 minutes",
    "job.targets_limit": "the limit is fixed",
    "page.clips_limit": "the limits are fixed",
    "page.clips_left": "the limit is fixed",
    "page.recent.starting_all": "the button is there from two on",
}


def test_a_number_has_the_word_for_one_where_it_may_be_one() -> None:
    """The page said "Matte 1 frames again", "1 were left out" and "You have 1 jobs waiting"."""
    found = {
        code: SEVERAL.findall(template)
        for code, text in CATALOGUE.items()
        for template in (text.en, text.page_en)
        if code not in NEVER_ONE and SEVERAL.search(template)
    }
    assert found == {}
    assert render(Message("page.rerun", {"count": 1}), "en") == "Matte 1 frame again"
    assert render(Message("page.rerun", {"count": 12}), "en") == "Matte 12 frames again"
    assert render(Message("page.rerun", {"count": 1}), "zh") == "重新抠图（1 帧）"
    left = render(Message("page.clips_left", {"count": 1, "limit": 50}))
    assert "1 was left out" in left
    assert "You have 1 job waiting" in render(Message("job.client_queue_full", {"limit": 1}))


def test_a_list_in_a_chinese_sentence_has_the_chinese_mark_between_its_items() -> None:
    """The page said “支持 mp4, mov, avi”, and a sentence about the choice of an engine that nobody would speak."""
    error = BadUpload("video.text_file", formats="mp4, mov, webm")
    assert "mp4, mov, webm" in error.user_message
    assert "mp4、mov、webm" in error.text("zh")
    lists = ("known", "formats", "suffixes", "names", "accepted", "others", "channels", "kinds")
    # These come with the language's own mark, or are a number, or are filled in by the browser.
    others = re.compile(r"page\.(step|upload|results)|job\.session_newer")
    plain = {
        code
        for code, text in CATALOGUE.items()
        if not others.match(code) and any(f"{{{name}}}" in text.zh for name in lists)
    }
    assert plain == set()


def test_buttons_are_clicked_and_keys_are_pressed_in_chinese() -> None:
    """The status line said 按 of a button where the hints said 点击."""
    pressed = [code for code, text in CATALOGUE.items() if re.search("按“(?!{text})", text.zh)]
    assert pressed == []


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        ("4.2", "4.2 s", "4.2 秒"),
        (59.9, "59.9 s", "59.9 秒"),
        ("60.0", "1 min", "1 分钟"),
        (61.5, "1 min 1.5 s", "1 分 1.5 秒"),
        ("390", "6 min 30 s", "6 分 30 秒"),
        (3600, "1 h", "1 小时"),
        (3660, "1 h 1 min", "1 小时 1 分钟"),
        (3605, "1 h 0 min 5 s", "1 小时 0 分 5 秒"),
        (math.inf, "inf s", "inf 秒"),
    ],
)
def test_times_have_minutes_from_a_minute_on(
    seconds: float | str, english: str, chinese: str
) -> None:
    assert fill("{time:duration}", {"time": seconds}) == english
    assert fill("{time:时长}", {"time": seconds}) == chinese


def test_every_number_of_seconds_has_minutes_in_both_languages() -> None:
    """A job was said to have taken 389.9 s, and a wrong password to lock for 900 seconds."""
    bare = re.compile(r"{\w+} (?:s\b|秒)|{\w+:second")
    texts = [(code, said) for code, text in CATALOGUE.items() for said in (text.en, text.zh)]
    assert not [code for code, said in texts if bare.search(said)]
    for code, text in CATALOGUE.items():
        counts = text.en.count(":duration}"), text.zh.count(":时长}")
        assert counts[0] == counts[1], code
