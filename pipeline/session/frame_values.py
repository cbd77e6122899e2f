"""What a job measured of each frame it matted: confidence and what the review list compares, beside the result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.postprocess.review import FrameMeasure
from pipeline.storage.files import write_atomically

_CONFIDENCE_NAME = "confidence.json"
_MEASURES_NAME = "measures.json"


@dataclass(frozen=True, slots=True)
class FrameValues:
    """Values of the frames of a job's range, in their order; empty where the result has none.

    `confidence` in [0, 1].
    """

    confidence: Sequence[float]
    measures: Sequence[FrameMeasure]


def frame_values_paths(folder: Path) -> tuple[Path, Path]:
    """Return the files in a session's folder, or in a kept version's."""
    return folder / _CONFIDENCE_NAME, folder / _MEASURES_NAME


def read_frame_values(folder: Path) -> FrameValues:
    """Read the values of the folder's result; those of older sessions lack the measures."""
    confidence, measures = (
        json.loads(path.read_text()) if path.is_file() else []
        for path in frame_values_paths(folder)
    )
    return FrameValues(confidence, [FrameMeasure(*row) for row in measures])


def write_frame_values(
    folder: Path,
    confidence: Sequence[float],
    measures: Sequence[FrameMeasure],
    disagreement: Mapping[int, float],
) -> None:
    """Write the values of a finished result.

    Args:
        disagreement: takes the place of that in `measures`, by position; 0 where it has none.
    """
    rows = [
        (round(one.area, 5), round(one.holes, 5), round(disagreement.get(index, 0.0), 3))
        for index, one in enumerate(measures)
    ]
    confidence_path, measures_path = frame_values_paths(folder)
    write_atomically(confidence_path, json.dumps(list(confidence)).encode("utf-8"))
    write_atomically(measures_path, json.dumps(rows).encode("utf-8"))
