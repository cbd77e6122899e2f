"""Fixtures for every test: no unexpected ERROR in the log, and where the shared data lies."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from ui.gradio_import import without_type_stubs

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
# Worker processes of pytest-xdist inherit the environment as it was changed below.
os.environ.setdefault(
    "TESTS_INSTALLED_MODELS_DIR", os.environ.get("SPLAZMATTE_MODELS_DIR") or str(ROOT / "models")
)
INSTALLED_MODELS = Path(os.environ["TESTS_INSTALLED_MODELS_DIR"])
# What is installed must not change which engine a test's job takes; `installed_models` is for the tests on it.
os.environ["SPLAZMATTE_MODELS_DIR"] = str(ROOT / "tests" / "no-models")


_AGAINST_THE_CLOCK = ("workers", "ui", "serving", "faults", "remote")
"""Folders with few and long tests, of real processes and browsers whose time-outs a busy machine may miss."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import Gradio as the page does: quickly."""
    with without_type_stubs():
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first, or one process would wait for the other; run what fails among them once more.

    Their folders take turns: beside a test that waits for another process's time-out one that computes has a core.
    The report lists what was run again; a test that passes only then is to be mended.
    """
    ranks = {ROOT / "tests" / name: rank for rank, name in enumerate(_AGAINST_THE_CLOCK)}
    files = list(dict.fromkeys(item.path for item in items))
    before = Counter[Path]()
    turns = {}
    for path in files:
        is_long = path.parent in ranks
        turns[path] = (before[path.parent], ranks[path.parent]) if is_long else (len(files), 0)
        before[path.parent] += 1
    items.sort(key=lambda item: turns[item.path])
    for item in items:
        if item.path.parent in ranks:
            item.add_marker(pytest.mark.flaky(reruns=1))


class _ErrorCollector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def no_unexpected_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logged an ERROR, unless it says so with the mark `expects_error_log`."""
    collector = _ErrorCollector()
    logging.getLogger().addHandler(collector)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(collector)
    if request.node.get_closest_marker("expects_error_log") is None:
        assert not collector.records, [record.getMessage() for record in collector.records]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real clips and parity data; skips where it is not there."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there: real clips and parity data can't be used")
    return SHARED


@pytest.fixture(scope="session")
def installed_models() -> Path:
    """The folder of real weights, for tests that skip where they are not installed."""
    return INSTALLED_MODELS
