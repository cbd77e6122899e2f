"""Masks the user brings: the clip's own size, or the size it had before it was stretched to whole blocks."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.selection.mask_upload import is_stretched, mask_notices, read_mask_file
from utils.errors import UnusablePrompt


def write(path: Path, size_wh: tuple[int, int]) -> Path:
    mask = np.zeros((size_wh[1], size_wh[0]), np.uint8)
    mask[: size_wh[1] // 2] = 255
    Image.fromarray(mask).save(path)
    return path


def test_a_mask_of_the_clips_size_is_taken_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "m.png", (64, 36))
    assert read_mask_file(path, (64, 36)).sum() == 64 * 18
    assert mask_notices(path, (64, 36)) == ()


def test_a_mask_from_before_the_clip_was_stretched_is_stretched_with_it(tmp_path: Path) -> None:
    path = write(tmp_path / "m.png", (64, 36))
    mask = read_mask_file(path, (64, 48))
    assert mask.shape == (48, 64)
    assert mask[:24].all()
    assert not mask[24:].any()
    (notice,) = mask_notices(path, (64, 48))
    assert notice.code == "prompt.mask_stretched"


@pytest.mark.parametrize("size_wh", [(64, 35), (64, 52), (80, 48), (128, 72), (320, 180)])
def test_any_other_size_is_refused_with_both_sizes(tmp_path: Path, size_wh) -> None:
    path = write(tmp_path / "m.png", (64, 36))
    with pytest.raises(UnusablePrompt) as caught:
        read_mask_file(path, size_wh)
    assert "64x36" in caught.value.user_message


def test_only_whole_blocks_count_as_stretched() -> None:
    assert is_stretched((1920, 1080), (1920, 1088))
    assert not is_stretched((1920, 1080), (1920, 1080))
    assert not is_stretched((1918, 1080), (1920, 1080))
    assert not is_stretched((1280, 720), (1920, 1088))
