"""A foreground network that the settings name and that is missing: the page says so while marks are made."""

from __future__ import annotations

from pathlib import Path

import app
from config import Settings
from tests.disc import disc_frame, write_clip
from utils.types import Prompt


def test_marks_that_are_answered_without_the_named_network_are_told(
    settings: Settings, tmp_path: Path
) -> None:
    from tests.page_handlers import page_handlers

    without = {"models_dir": tmp_path / "models"}
    clip = write_clip(tmp_path / "clip.mp4", 3)
    for choice, is_told in (("isnet-general-use", True), ("auto", False), ("off", False)):
        set_so = settings.model_copy(update={**without, "foreground_network": choice})
        work = app.build_orchestrator(set_so)
        calls, page = page_handlers(work, set_so)
        state = work.create_session(clip, "clip.mp4")
        work.segment(state.id, 0, Prompt(mask=disc_frame(0)[1]))
        said = {
            language: calls.load(state.id, "en", language)[page.status]["status"]["text"]
            for language in ("en", "zh")
        }
        assert ("without the foreground network" in said["en"]) is is_told, said
        assert ("不使用设置中的前景网络" in said["zh"]) is is_told, said
        assert ("bash scripts/download_models.sh isnet-general-use" in said["en"]) is is_told
        assert work.close()


def test_a_page_still_opens_where_the_named_finding_engine_is_missing_as_well(
    settings: Settings, tmp_path: Path
) -> None:
    """Without the page's clip nobody could download what was made before."""
    from tests.page_handlers import page_handlers

    names = {"foreground_network": "isnet-general-use", "segmenter": "sam3"}
    set_so = settings.model_copy(update={"models_dir": tmp_path / "models", **names})
    work = app.build_orchestrator(set_so)
    calls, page = page_handlers(work, set_so)
    state = work.create_session(write_clip(tmp_path / "clip.mp4", 3), "clip.mp4")
    said = calls.load(state.id, "en", "en")[page.status]["status"]
    assert said["kind"] == "step"
    assert "without the foreground network" not in said["text"], "nothing answers marks"
    assert work.close()
