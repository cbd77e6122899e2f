"""Settings as `.env` gives them, without a shell before them."""

from pathlib import Path

import pytest

from config import Settings

PATHS = [name for name, field in Settings.model_fields.items() if "Path" in str(field.annotation)]


@pytest.mark.parametrize("name", PATHS)
def test_a_path_below_home_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/editor")
    settings = Settings(_env_file=None, **{name: "~/place"})
    assert getattr(settings, name) == Path("/home/editor/place")
