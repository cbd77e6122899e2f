"""In and out points of a request: the whole clip without any, and nothing beyond it."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.session.request import MatteRequest
from pipeline.session.state import frame_range
from pipeline.video_io import ClipInfo
from utils.errors import BadRequest


class _Clip:
    frame_count = 12


_CLIP = cast(ClipInfo, _Clip())


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (0, None, (0, 11)),
        (3, None, (3, 11)),
        (3, 3, (3, 3)),
        (0, 11, (0, 11)),
        (11, None, (11, 11)),
    ],
)
def test_without_an_out_point_the_range_ends_with_the_clip(first, last, found):
    assert frame_range(MatteRequest(first=first, last=last), _CLIP) == found


@pytest.mark.parametrize(("first", "last"), [(12, None), (0, 12), (5, 4)])
def test_what_is_no_range_of_the_clip_is_refused_with_its_last_frame(first, last):
    with pytest.raises(BadRequest) as refused:
        frame_range(MatteRequest(first=first, last=last), _CLIP)
    values = refused.value.message.params
    assert (values["frames"], values["end"]) == (12, 11)
