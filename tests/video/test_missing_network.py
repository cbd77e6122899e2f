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
