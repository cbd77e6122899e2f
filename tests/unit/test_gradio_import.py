"""Gradio's import writes no type stubs, which took a quarter of a server's start."""

import importlib.util
import sys
from types import ModuleType
from typing import Any

import gradio
import pytest

from ui.gradio_import import without_type_stubs

WRITER = "gradio.component_meta"


def imported_again() -> Any:
    found = (finder.find_spec(WRITER, gradio.__path__) for finder in sys.meta_path)
    spec = next(filter(None, found))
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_component_is_made_without_looking_for_its_source() -> None:
    with without_type_stubs():
        changed = imported_again()
    # There is no such class in this file.
    assert changed.ComponentMeta("NoSuchClass", (), {"EVENTS": []}).EVENTS == []
    with pytest.raises(ValueError, match="source code"):
        imported_again().ComponentMeta("NoSuchClass", (), {"EVENTS": []})
