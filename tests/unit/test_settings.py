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


@pytest.mark.parametrize("price", [0.0, 0.004, 1.0, 250.0])
def test_a_price_may_be_a_part_of_a_dollar_or_nothing(price: float) -> None:
    found = Settings(_env_file=None, remote_prices={"fal": price})
    assert found.remote_prices == {"fal": price}


@pytest.mark.parametrize("price", [-0.001])
def test_a_price_that_would_make_room_in_the_budget_is_refused(price: float) -> None:
    with pytest.raises(ValueError, match="the price of fal is US dollars, 0 or more"):
        Settings(_env_file=None, remote_prices={"fal": price})
