"""SAM2Matting's own script in a worker, on a package with the names of the project's code."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.sam2matting.engine import Sam2MattingEngine
from tests.engines.fake_sam2matting import write_code
from utils.errors import EngineError, EngineUnavailable

pytestmark = pytest.mark.models
CHECKPOINT = "sam2matting/checkpoints/SAM2Matting-SAM2.1Base+.pt"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    torch = pytest.importorskip("torch")
    checkpoint = tmp_path / CHECKPOINT
    checkpoint.parent.mkdir(parents=True)
    torch.save({"model": {"level": torch.ones(()), "unused": torch.zeros(3)}}, checkpoint)
    return Settings(
        _env_file=None,
        models_dir=tmp_path,
        sam2matting_python=Path(sys.executable),
        sam2matting_code=write_code(tmp_path / "code"),
    )


def test_what_is_missing_is_named_with_what_gets_it(tmp_path):
    engine = Sam2MattingEngine(Settings(_env_file=None, models_dir=tmp_path))
    commands = [item.command for item in engine.requirements() if not item.present]
    assert len(commands) == 3
    assert commands[1].startswith("git clone ")
    assert commands[2] == "bash scripts/download_models.sh sam2matting"
    with pytest.raises(EngineUnavailable):
        engine.load_model("cpu")


def test_a_clip_both_ways_with_a_correction_then_weights_of_another_network(settings, tmp_path):
    height, width, count, start, corrected = 32, 64, 50, 24, 40
    frames = [np.full((height, width, 3), 4 * index, np.uint8) for index in range(count)]
    left, right = np.zeros((2, height, width), bool)
    left[:, :32], right[:, 32:] = True, True
    engine = Sam2MattingEngine(settings)
    engine.load_model("cpu")
    found = {
        item.index: item.alpha
        for item in engine.process(
            ArrayFrames(frames), {start: left, corrected: right}, start, {}, RunContext()
        )
    }
    assert list(found) == [*range(start - 1, -1, -1), *range(start, count)]
    for index, alpha in found.items():
        inside, outside = (8, 56) if index < corrected else (56, 8)
        # bfloat16 has 8 bits.
        assert abs(alpha[16, inside] - 4 * index / 255) < 4e-3
        assert alpha[16, outside] == 0
    engine.unload()

    import torch

    torch.save({"model": {"other": torch.ones(())}}, tmp_path / CHECKPOINT)
    with pytest.raises(EngineError, match=r"1 weights are missing, e\.g\. level"):
        engine.load_model("cpu")
    assert engine.worker_pid is None
