"""A picture sequence becomes a session's source: one lossless clip, made in a limited child process.

From there on it is a clip like any other: probed, decoded, matted and corrected in the same way.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from config import Settings
from pipeline.video_io.alpha_mode import alpha_notice
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.probe.check import check_length, check_size, probe
from pipeline.video_io.probe.count import decode_cpu_s
from pipeline.video_io.runner import FILE_PREFIX, Child, ChildStuckError, Limits
from pipeline.video_io.sequence.naming import PictureSequence, shown_numbers
from pipeline.video_io.upload_options import UploadOptions
from utils.errors import BadUpload
from utils.types import Message

SOURCE_NAME = "source.mkv"
DEFAULT_RATE = Fraction(24)
_ROOT = Path(__file__).parents[3]
_PROGRAM = (
    f"import sys; sys.path.insert(0, {str(_ROOT)!r}); "
    "from pipeline.video_io.sequence.worker import main; sys.exit(main(sys.argv[1:]))"
)
_ENCODING_COST = 2
"""Times the processor time of a decode that reading and encoding may take."""


def make_source(
    settings: Settings,
    sequence: PictureSequence,
    options: UploadOptions,
    folder: Path,
    on_picture: Callable[[], None],
) -> ClipInfo:
    """Write the clip into the folder as `SOURCE_NAME`, and measure it.

    Args:
        on_picture: called after every picture; what it raises ends the work.

    Raises:
        BadUpload: numbers are missing, a picture can't be used, or the clip is beyond the limits.
    """
    count = sequence.last - sequence.first + 1
    check_length(settings, count, 0.0)
    _check_options(settings, sequence, options)
    listing = folder / "sequence.json"
    task = {
        "target": str((folder / SOURCE_NAME).absolute()),
        "paths": [str(path.absolute()) for path in sequence.in_order()],
        "rate": str(options.rate or 0),
        "default_rate": str(DEFAULT_RATE),
        "max_fps": settings.max_fps,
        "size_limit": (settings.max_long_side, settings.max_short_side),
        "alpha_mode": options.alpha_mode,
    }
    listing.write_text(json.dumps(task), encoding="utf-8")
    try:
        found = _run(settings, listing, count, on_picture)
    finally:
        listing.unlink(missing_ok=True)
    # What the pictures may have together was checked; lossless video may have more.
    unlimited = settings.model_copy(update={"max_upload_bytes": sys.maxsize})
    clip = probe(unlimited, folder / SOURCE_NAME, "straight")
    notices = (*_notices(sequence, options, sequence.missing, found), *clip.notices)
    if found["was_premultiplied"]:
        # The clip that was made is straight: what was done to the pictures is said instead.
        of_clip, of_pictures = (alpha_notice(is_premultiplied=one) for one in (False, True))
        notices = tuple(of_pictures if one == of_clip else one for one in notices)
    return replace(clip, notices=notices, sequence=sequence.names)


def _check_options(settings: Settings, sequence: PictureSequence, options: UploadOptions) -> None:
    """Check that the sequence may become a clip in the way that is asked for.

    Raises:
        BadUpload: it may not; see `make_source`.
    """
    if options.rate is not None and options.rate > settings.max_fps:
        limit = round(settings.max_fps, 2)
        raise BadUpload("video.frame_rate", fps=round(float(options.rate), 2), limit=limit)
    if "mkv" not in settings.formats or "ffv1" not in settings.codecs:
        raise BadUpload("sequence.switched_off")
    gaps = sequence.missing
    if gaps and not options.hold_missing:
        pattern = sequence.names.pattern
        raise BadUpload("sequence.missing", pattern=pattern, numbers=shown_numbers(gaps))


def _run(
    settings: Settings, listing: Path, count: int, on_picture: Callable[[], None]
) -> dict[str, Any]:
    """Run the worker; return what it found.

    Raises:
        BadUpload: it refused a picture, made no progress, or was ended by a limit.
        OSError: the disk is full.
    """
    argv = [sys.executable, "-I", "-c", _PROGRAM, f"{FILE_PREFIX}{listing.absolute()}"]
    limits = Limits(
        cpu_s=_ENCODING_COST * decode_cpu_s(settings), stall_s=settings.ffmpeg_timeout_s
    )
    answer: dict[str, Any] = {}
    try:
        with Child(argv, limits) as child:
            for answer in _answers(child):
                if "size_wh" in answer:
                    check_size(settings, *answer["size_wh"])
                    check_length(settings, count, float(count / Fraction(answer["rate"])))
                elif "done" in answer:
                    on_picture()
            child.wait(settings.ffmpeg_timeout_s)
            log = child.log
    except ChildStuckError as error:
        limit = settings.ffmpeg_timeout_s
        raise BadUpload("video.probe_timeout", limit=limit, detail=str(error)) from error
    if "refused" in answer:
        raise BadUpload(answer["refused"], detail=answer["detail"], **answer["params"])
    for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        if os.strerror(code) in log:
            raise OSError(code, os.strerror(code), SOURCE_NAME)
    if "over" not in answer:
        raise BadUpload("sequence.failed", detail=log)
    return answer


def _answers(child: Child) -> Iterator[dict[str, Any]]:
    buffered = b""
    while chunk := child.read_some(child.stdout):
        *lines, buffered = (buffered + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)


def _notices(
    sequence: PictureSequence,
    options: UploadOptions,
    gaps: list[tuple[int, int]],
    found: dict[str, Any],
) -> list[Message]:
    """Say what was made of the pictures, and what that changed."""
    rate = Fraction(found["rate"])
    shown = str(rate) if rate.denominator == 1 else f"{float(rate):.3f}"
    code = "sequence.taken"
    if options.rate is None:
        code = "sequence.taken_at_own_rate" if found["is_stated"] else "sequence.taken_at_default"
    count = sequence.last - sequence.first + 1
    numbers = {"first": sequence.first, "last": sequence.last, "frames": count}
    notices = [Message(code, {"pattern": sequence.names.pattern, "fps": shown, **numbers})]
    if gaps:
        notices.append(Message("sequence.held", {"numbers": shown_numbers(gaps)}))
    if found["over"]:
        notices.append(Message("sequence.clipped", {"count": found["over"], "frames": count}))
    if found["is_logarithmic"]:
        notices.append(Message("sequence.logarithmic"))
    if found["has_other_primaries"]:
        notices.append(Message("sequence.primaries"))
    return notices
