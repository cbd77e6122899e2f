"""The options that name a clip and mark targets in it, and how marks belong to targets; it runs nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.video_io.alpha_mode import ALPHA_MODES
from ui.command_line.values import (
    parse_box,
    parse_example,
    parse_fps,
    parse_path,
    parse_point,
    parse_stroke,
)
from utils.types import Box

ALONE_OR_MARKS = "--text, --point, --box, --example, --stroke, --main-object, --source-alpha"
"""What every command that finds a target takes for it."""
SELECTING = {
    "--main-object": "take the main object of the frame, as a network finds it without a mark",
    "--source-alpha": "take what the clip's own transparency shows on the frame",
}
"""Options that select a target by themselves, and what is said of them."""
MARKS: dict[str, Any] = {
    "text": "",
    "point": [],
    "box": None,
    "stroke": [],
    "example": [],
    "mask": None,
    "main_object": False,
    "source_alpha": False,
}
"""What marks a target, by its name in the parsed options, with the value of one that is not given."""
_NO_KEY_FRAMES: dict[str, Any] = {"has_frame": False, "further_frames": []}
"""Of a target for which no `--frame` was given yet: whether one was, and the key frames after the first."""
_CLIP_HELP = (
    "a video file, a ZIP of pictures, or a picture sequence: its folder, shot.%%04d.exr, shot.####.png, "
    "shot.[0001-0240].png"
)


def add_source_arguments(parser: argparse.ArgumentParser, *, several: bool) -> None:
    """Add the clip, or several of them as `clips`, and what may be said of how it is read."""
    if several:
        parser.add_argument(
            "clips",
            type=parse_path,
            metavar="CLIP",
            nargs="+",
            help=f"{_CLIP_HELP}; several clips go to a folder each in DIR, and one that fails doesn't stop the "
            "others",
        )
    else:
        parser.add_argument("clip", type=parse_path, metavar="CLIP", help=_CLIP_HELP)
    parser.add_argument(
        "--fps",
        type=parse_fps,
        metavar="RATE",
        help="frames a second of a picture sequence: 24, 23.976, 24000/1001 (default: as the pictures state, else 24)",
    )
    parser.add_argument(
        "--missing",
        choices=("error", "hold"),
        default="error",
        help="what is done where pictures of a sequence are missing: hold takes the one before (default error)",
    )
    parser.add_argument(
        "--alpha-mode",
        choices=ALPHA_MODES,
        default="auto",
        help="whether the colours of a clip with transparency are multiplied by its alpha: straight, premultiplied, or "
        "auto: as its format has it (default auto)",
    )


def add_target_arguments(
    parser: argparse.ArgumentParser, *, several: bool, corrects: bool = False
) -> None:
    """Add what marks a target on a frame; with `several` a mask too, and further targets.

    Args:
        corrects: the marks are added to those of a session.
    """
    if several:
        parser.add_argument(
            "--mask", action=_Mark, type=parse_path, metavar="M.png", help="white = the target"
        )
    parser.add_argument(
        "--text", action=_Mark, default="", help="what to find, for instance “dancer”"
    )
    for flag, text in SELECTING.items():
        parser.add_argument(flag, action=_Mark, nargs=0, const=True, default=False, help=text)
    _add_places(parser)
    text = "frame that the marks are on (default 0)"
    if several:
        text += (
            "; given again, it begins a further key frame of the same target, whose marks follow it"
        )
    action = _Frame if several else _Mark
    parser.add_argument("--frame", action=action, type=int, default=0, help=text)
    if corrects:
        parser.add_argument(
            "--unmark",
            action=_Mark,
            nargs=0,
            const=True,
            default=False,
            help="forget what is marked on the frame, before the marks that are given for it",
        )
    if several:
        parser.set_defaults(**_NO_KEY_FRAMES)
        text = (
            "begin a further target: the marks and the frame after it are its own; may be repeated"
        )
        if corrects:
            text = (
                "the marks and the frame after it are of the target of that name or number, or of a "
                "further one where there is none; may be repeated"
            )
        parser.add_argument("--target", action=_NextTarget, default=[], metavar="NAME", help=text)


def _add_places(parser: argparse.ArgumentParser) -> None:
    """Add the marks that are places in the picture."""
    parser.add_argument(
        "--point",
        type=parse_point,
        action=_Mark,
        default=[],
        metavar="X,Y[,-]",
        help="a click on the target, or with ,- beside it; may be repeated",
    )
    parser.add_argument(
        "--box",
        action=_Mark,
        type=parse_box,
        metavar="X0,Y0,X1,Y1",
        help="a box around the target, in pixels of the frame as it is shown",
    )
    parser.add_argument(
        "--example",
        type=parse_example,
        action=_Mark,
        default=[],
        metavar="X0,Y0,X1,Y1[,-]",
        help="a box around something: everything like it is the target, or with ,- nothing like it; "
        "may be repeated (SAM 3)",
    )
    parser.add_argument(
        "--stroke",
        type=parse_stroke,
        action=_Mark,
        default=[],
        metavar="[-]R:X,Y;X,Y…",
        help="paint on the mask with a brush of radius R pixels, or erase with -R; “fill:” or “-fill:” "
        "for a polygon; may be repeated",
    )


class _Mark(argparse.Action):
    """Keeps a mark for the key frame that the newest `--frame` or `--target` before it began."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        group = key_frames(_newest_target(namespace))[-1]
        known = getattr(group, self.dest, None)
        value = self.const if self.nargs == 0 else values
        if self.dest in MARKS and isinstance(value, (str, Path, Box)) and known:
            parser.error(f"argument {option_string}: given twice for one frame of a target")
        setattr(group, self.dest, [*known, value] if isinstance(known, list) else value)


class _Frame(argparse.Action):
    """Names the frame of a target's marks; the second time in a target it begins a further key frame."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        group = _newest_target(namespace)
        if not group.has_frame:
            group.frame, group.has_frame = values, True
            return
        if values in [marks.frame for marks in key_frames(group)]:
            parser.error(f"argument {option_string}: the target has frame {values} already")
        begun = argparse.Namespace(frame=values, **MARKS)
        group.further_frames = [*group.further_frames, begun]


class _NextTarget(argparse.Action):
    """Begins a further target, without marks yet."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        begun = argparse.Namespace(name=values, frame=0, **MARKS, **_NO_KEY_FRAMES)
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), begun])


def _newest_target(namespace: argparse.Namespace) -> argparse.Namespace:
    """Return the target that the marks and frames which follow belong to."""
    targets = getattr(namespace, "target", None)
    return targets[-1] if targets else namespace


def key_frames(group: argparse.Namespace) -> list[argparse.Namespace]:
    """Return the marks of a target by key frame, in the order given."""
    return [group, *getattr(group, "further_frames", ())]


def target_groups(options: argparse.Namespace) -> list[argparse.Namespace]:
    """Return the marks of each target; those before the first `--target` belong to one without a name."""
    return [*([options] if is_marked(options) or not options.target else []), *options.target]


def is_marked(group: argparse.Namespace) -> bool:
    """Return whether something marks the target."""
    return any(getattr(group, name) for name in MARKS)
