"""Makes one lossless clip of numbered pictures, in a limited child process of its own: FFV1 in Matroska.

Lines of JSON on stdout: the clip's size and rate, one for each picture that is done, and what was found. It does not
decide whether the clip is accepted.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from pipeline.video_io.alpha_mode import AlphaMode
from pipeline.video_io.clip import shown_name
from pipeline.video_io.sequence.picture import FULL_RANGE, Layout, Picture, in_layout
from pipeline.video_io.sequence.reading import read_picture
from utils.errors import BadUpload

_RGB_MATRIX = 0
"""H.273's code."""
_FFV1 = {"level": "3", "g": "1", "slices": "4", "slicecrc": "1"}


@dataclass(frozen=True, slots=True)
class Task:
    """The pictures in their order, where the clip goes, and what was asked for; `rate` 0 asks for none."""

    target: Path
    paths: tuple[Path, ...]
    rate: Fraction
    default_rate: Fraction
    max_fps: float
    size_limit: tuple[int, int]
    alpha_mode: AlphaMode


class _Clip:
    """The clip that is written."""

    def __init__(self, task: Task, first: Picture, rate: Fraction, layout: Layout) -> None:
        self._layout, self._step, self._count = layout, 1 / rate, 0
        self._container = av.open(str(task.target), "w", format="matroska")
        if first.timecode:
            self._container.metadata["timecode"] = first.timecode
        stream = self._container.add_stream("ffv1", rate=rate, options=_FFV1)
        stream.width, stream.height = first.size_wh
        stream.pix_fmt = layout.pixel_format
        context = stream.codec_context
        context.sample_aspect_ratio = first.aspect
        context.color_range = FULL_RANGE
        context.color_primaries, context.color_trc = first.primaries, first.transfer
        context.colorspace = int(first.frame.colorspace) if layout.yuv else _RGB_MATRIX
        self._stream = stream

    def append(self, frame: av.VideoFrame) -> None:
        """Encode the next picture."""
        frame = in_layout(frame, self._layout)
        frame.pts, frame.time_base = self._count, self._step
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Complete the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()


class _LayoutTooSmallError(Exception):
    """A picture has more bits, or an alpha, than the clip was begun with."""

    def __init__(self, needed: Layout) -> None:
        super().__init__(needed)
        self.needed = needed


def make_clip(task: Task) -> dict[str, object]:
    """Write the clip; return what was found.

    Raises:
        BadUpload: a picture can't be used.
    """
    first = read_picture(task.paths[0], task.size_limit, task.alpha_mode)
    is_stated = not task.rate and 1 <= first.rate <= task.max_fps
    rate = task.rate or (first.rate if is_stated else task.default_rate)
    # Whoever listens ends the work where the clip would be beyond the limits.
    _say({"size_wh": first.size_wh, "rate": str(rate)})
    layout = first.layout
    while True:
        try:
            over, was_premultiplied = _write(task, first, rate, layout)
        except _LayoutTooSmallError as error:
            layout = error.needed
            continue
        return {
            "rate": str(rate),
            "is_stated": is_stated,
            "over": over,
            "was_premultiplied": was_premultiplied,
            "is_logarithmic": first.is_logarithmic,
            "has_other_primaries": first.has_other_primaries,
        }


def _write(task: Task, first: Picture, rate: Fraction, layout: Layout) -> tuple[int, bool]:
    """Write all pictures; return how many have values above 1, and whether any was premultiplied."""
    clip, over, was_premultiplied = _Clip(task, first, rate, layout), 0, False
    picture, read = first, task.paths[0]
    for number, path in enumerate(task.paths, start=1):
        if path != read:
            picture, read = read_picture(path, task.size_limit, task.alpha_mode), path
        if picture.size_wh != first.size_wh:
            raise _sizes_differ(task.paths[0], first, path, picture)
        needed = layout.joined(picture.layout)
        if needed != layout:
            raise _LayoutTooSmallError(needed)
        over += picture.is_over
        was_premultiplied |= picture.was_premultiplied
        clip.append(picture.frame)
        _say({"done": number})
    clip.close()
    return over, was_premultiplied


def _sizes_differ(first_path: Path, first: Picture, path: Path, picture: Picture) -> BadUpload:
    return BadUpload(
        "sequence.sizes",
        first=shown_name(first_path.name),
        first_size="{}x{}".format(*first.size_wh),
        name=shown_name(path.name),
        size="{}x{}".format(*picture.size_wh),
    )


def read_task(listing: Path) -> Task:
    """Return the task that a JSON file holds."""
    raw: dict[str, Any] = json.loads(listing.read_text(encoding="utf-8"))
    return Task(
        target=Path(raw["target"]),
        paths=tuple(Path(name) for name in raw["paths"]),
        rate=Fraction(raw["rate"]),
        default_rate=Fraction(raw["default_rate"]),
        max_fps=raw["max_fps"],
        size_limit=(raw["size_limit"][0], raw["size_limit"][1]),
        alpha_mode=raw["alpha_mode"],
    )


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Make the clip of the task in a file; exit 3 where a picture is refused."""
    av.logging.set_level(None)
    task = read_task(Path(arguments[0].removeprefix("file:")))
    try:
        answer: dict[str, Any] = make_clip(task)
    except BadUpload as error:
        answer = {"refused": error.code, "params": error.message.params, "detail": error.detail}
    _say(answer)
    return 3 if "refused" in answer else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
