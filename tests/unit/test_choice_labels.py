"""What the page calls the values of an option; requests keep their own names for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import app
from config import Settings
from ui.page.controls import page_controls
from ui.views import engine_views
from utils.options import OptionSpec

PROPER_NAMES = {"MobileNetV3", "ResNet50", "EffNetV2"}


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> list[OptionSpec]:
    """Options of every engine, and those of the page itself."""
    folder = tmp_path_factory.mktemp("empty")
    settings = Settings(_env_file=None, workspace_dir=folder, models_dir=folder, device="cpu")
    engines = app.build_orchestrator(settings).all_engines()
    options = [spec for engine in engines for spec in engine.option_specs]
    return [spec for spec in (*options, *page_controls()) if spec.kind == "choice"]


def test_every_choice_has_a_name_in_both_languages(specs: list[OptionSpec]) -> None:
    """A user of the Chinese page was to choose between "auto", "on" and "off"."""
    assert {"network", "fill", "generation", "processing_size", "clean_plate", "exr_alpha"} <= {
        spec.name for spec in specs
    }
    for spec in specs:
        assert len(spec.choice_labels("en")) == len(spec.choices) == len(spec.choice_labels("zh"))
        for shown in spec.choice_labels("zh"):
            assert shown in PROPER_NAMES or not re.search("[A-Za-z]", shown), (spec.name, shown)


def test_the_label_of_an_option_names_its_choices_as_the_page_does(specs: list[OptionSpec]) -> None:
    for spec in specs:
        label = spec.option.label.zh
        for stored, shown in zip(spec.choices, spec.choice_labels("zh"), strict=True):
            named = re.search(rf"(?<![\w.]){re.escape(stored)}(?![\w.])", label, re.ASCII)
            assert named is None or stored.isdigit() or stored == shown, (spec.name, stored, label)


def test_engine_cards_keep_the_names_of_requests_beside_those_of_the_page(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, workspace_dir=tmp_path, models_dir=tmp_path, device="cpu")
    engines = app.build_orchestrator(settings).all_engines()
    (card,) = [view for view in engine_views(engines, "zh") if view["name"] == "rvm"]
    (fill,) = [option for option in card["options"] if option["name"] == "fill"]
    assert (fill["choices"], fill["choice_labels"]) == (
        ["auto", "on", "off"],
        ["自动", "始终", "从不"],
    )
    assert "。 " not in card["description"], "Chinese puts no space after a full stop"
