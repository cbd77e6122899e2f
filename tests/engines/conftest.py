"""Fixtures of the engine tests: tiny checkpoints in the real layout, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from config import Settings
from ui.command_line.cli import main


@pytest.fixture(scope="session", autouse=True)
def _one_torch_thread():
    """More threads make tiny models 50 times slower on a busy machine."""
    import importlib.util

    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _published_figures_are_of_real_checkpoints(monkeypatch):
    """Tests damage tiny checkpoints without receipts; the published files' sizes are not theirs."""
    from engines import weights

    original = weights.pinned_fingerprints
    tiny = ("sam2", "sam3", "matanyone2", "videomama", "svd-vae")
    monkeypatch.setattr(
        weights,
        "pinned_fingerprints",
        lambda model, file: [] if model in tiny else original(model, file),
    )


@pytest.fixture(scope="session")
def tiny_sam3(tmp_path_factory) -> Path:
    pytest.importorskip("transformers")
    from tests.engines.tiny_sam3 import build_tiny_sam3

    return build_tiny_sam3(tmp_path_factory.mktemp("models") / "sam3")


@pytest.fixture(scope="session")
def tiny_sam2(tmp_path_factory) -> Path:
    pytest.importorskip("transformers")
    from tests.engines.tiny_sam3 import build_tiny_sam2

    return build_tiny_sam2(tmp_path_factory.mktemp("models") / "sam2")


@pytest.fixture(scope="session")
def sam3(tiny_sam3):
    from engines.sam.engine import Sam3Engine

    engine = Sam3Engine(Settings(_env_file=None, sam3_model=str(tiny_sam3), device="cpu"))
    engine.load_model("cpu")
    return engine


@pytest.fixture(scope="session")
def sam2(tiny_sam2):
    from engines.sam.engine import Sam2Engine

    engine = Sam2Engine(Settings(_env_file=None, sam2_model=str(tiny_sam2), device="cpu"))
    engine.load_model("cpu")
    return engine


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """Run a command in process; the module's fixture `folder` holds its models in folders by name."""

    def call(*arguments: object, models: str = "all") -> tuple[int, str, str]:
        monkeypatch.setenv("SPLAZMATTE_WORKSPACE_DIR", str(tmp_path / "workspace"))
        monkeypatch.setenv("SPLAZMATTE_MODELS_DIR", str(folder / models))
        monkeypatch.setenv("SPLAZMATTE_MIN_FREE_DISK_BYTES", "1000000")
        monkeypatch.setenv("SPLAZMATTE_DEVICE", "cpu")
        monkeypatch.setattr("signal.signal", lambda *_: None)
        code = main(
            [str(item) for item in arguments],
            app.build_settings,
            app.build_orchestrator,
            app.serve,
        )
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
