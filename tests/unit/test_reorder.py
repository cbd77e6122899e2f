from pathlib import Path

import numpy as np
import pytest

from engines.base import MattedFrame
from pipeline.jobs.reorder import in_order
from utils.alpha_levels import to_bytes, to_levels
from utils.errors import EngineError

SIZE = (7, 5)


def frame(index: int) -> MattedFrame:
    alpha = np.full((5, 7), index / 20.0, np.float32)
    return MattedFrame(index, alpha, confidence=index / 20.0)


def collect(order: list[int], tmp_path: Path, count: int = 6):
    return list(in_order((frame(i) for i in order), count, SIZE, tmp_path / "spool", "engine"))


@pytest.mark.parametrize(
    "order", [[0, 1, 2, 3, 4, 5], [2, 1, 0, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 4, 5, 2, 1, 0]]
)
def test_alphas_come_in_frame_order_whatever_the_engine_does(order, tmp_path: Path) -> None:
    out = collect(order, tmp_path)
    assert [to_bytes(alpha)[0, 0] for alpha, _ in out] == [round(i * 255 / 20) for i in range(6)]
    assert [confidence for _, confidence in out] == [i / 20 for i in range(6)]
    assert not (tmp_path / "spool").exists()


def test_a_missing_frame_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        collect([0, 1, 3, 4, 5], tmp_path)
    assert caught.value.code == "job.frames_missing"
    assert not (tmp_path / "spool").exists()


def test_a_value_that_is_not_finite_is_never_passed_on(tmp_path: Path) -> None:
    bad = frame(1)
    bad.alpha[2, 2] = np.nan
    with pytest.raises(EngineError) as caught:
        list(in_order(iter([frame(0), bad]), 2, SIZE, tmp_path / "spool", "engine", first=20))
    assert caught.value.message.params["frame"] == 21, "not by the clip's number"


def test_an_alpha_of_another_size_is_refused(tmp_path: Path) -> None:
    wrong = MattedFrame(0, np.zeros((4, 7), np.float32))
    with pytest.raises(EngineError):
        list(in_order(iter([wrong]), 1, SIZE, tmp_path / "spool", "engine"))


def test_stopping_early_removes_the_spool(tmp_path: Path) -> None:
    ordered = in_order(map(frame, [2, 1, 0, 3]), 6, SIZE, tmp_path / "spool", "engine")
    next(ordered)
    assert (tmp_path / "spool").exists()
    ordered.close()
    assert not (tmp_path / "spool").exists()


def test_alpha_is_rounded_to_the_nearest_level() -> None:
    alpha = np.array([[-0.1, 0.0, 0.45 / 255, 0.55 / 255, 254.6 / 255, 1.0, 1.2]], np.float32)
    assert to_bytes(to_levels(alpha)).tolist() == [[0, 0, 0, 1, 255, 255, 255]]
