"""How good an engine is: `bench/quality.py [--engine NAME] [--data DIR] [--clips NAME,…] [--json]`.

Masks and alphas come from the product's own decoder and engine, frame by frame as in a job; with
`--command` every clip goes through `app.py matte` instead and its `alpha.mp4` is measured. A foreground
network is asked as `SPLAZMATTE_FOREGROUND_NETWORK` says (auto, off or a name). J and F are
of the alpha at 0.5, over all frames but the one that was given. Clips of the data set are named in its README.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import baselines  # noqa: E402
import metrics  # noqa: E402

from config import Settings  # noqa: E402
from engines.base import (  # noqa: E402
    ArrayFrames,
    Capability,
    Engine,
    MattedFrame,
    MattingEngine,
    RunContext,
)
from engines.builtin.engine import BuiltinEngine  # noqa: E402
from engines.device.manager import ModelManager  # noqa: E402
from engines.foreground import connect_foreground  # noqa: E402
from engines.registry import build_registry  # noqa: E402
from pipeline.postprocess.foreground import estimate_foreground  # noqa: E402
from pipeline.postprocess.least_confident import least_confident  # noqa: E402
from pipeline.selection.corrections import has_lost  # noqa: E402
from pipeline.selection.expected_size import KnownMask, expected_size, informative_frames  # noqa: E402
from pipeline.video_io.facade import VideoIO  # noqa: E402
from utils.types import Box, Example, Frame, Mask, Point, Prompt  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "dev"
OUTSIDE_THE_MEAN = ("davis_bmx-trees",)
"""Clips measured and shown but not counted: its target is smaller than what the method can hold."""
GUIDES = ("mask", "box", "clicks")
STARTS = ("first", "middle", "last")
BASELINES = {"flow alone": False, "GrabCut a frame": True}


@dataclass
class Clip:
    """One clip with its truth: frames uint8 RGB, masks bool or alphas float32, and the prompt."""

    name: str
    folder: Path
    frames: list[Frame]
    masks: list[Mask]
    alphas: list[npt.NDArray[np.float32]]
    prompt: dict[str, list[int]]


@dataclass
class Row:
    """What was measured of one clip by one way; higher J and F are better, the rest is error or cost."""

    clip: str
    way: str
    figures: dict[str, float] = field(default_factory=dict)


def connected_engine(settings: Settings) -> BuiltinEngine:
    """Return the built-in engine, loaded, with the foreground network that the settings name."""
    registry = build_registry(settings)
    connect_foreground(
        registry, ModelManager(registry, device=settings.device), settings.foreground_network
    )
    engine = registry.get("builtin")
    if not isinstance(engine, BuiltinEngine):
        raise TypeError("the registry's built-in engine is another")
    engine.load_model("cpu")
    return engine


def load(folder: Path, settings: Settings) -> Clip:
    video = VideoIO(settings)
    frames = _frames(video, folder / "clip.mp4")
    prompt = json.loads((folder / "prompt.json").read_text())
    if (folder / "masks").is_dir():
        paths = sorted((folder / "masks").glob("*.png"))
        masks = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 127 for path in paths]
        return Clip(folder.name, folder, frames, masks, [], prompt)
    alphas = [
        frame[..., 0].astype(np.float32) / np.float32(255.0)
        for frame in _frames(video, folder / "alpha.mkv")
    ]
    return Clip(folder.name, folder, frames, [alpha > 0.5 for alpha in alphas], alphas, prompt)


def folders(data: Path, parts: str) -> list[Path]:
    """Return the clips' folders whose names hold one of `parts`, given by comma; all when it is empty."""
    wanted = [part for part in parts.split(",") if part]
    found = sorted(path for path in data.iterdir() if (path / "prompt.json").is_file())
    return [path for path in found if not wanted or any(part in path.name for part in wanted)]


def _frames(video: VideoIO, path: Path) -> list[Frame]:
    info = video.probe(path)
    reader = video.open(path, info)
    return [frame.copy() for frame in reader.read(0, len(reader))]


def around(engine: BuiltinEngine, clip: Clip, frame: int) -> dict[int, Frame]:
    places = {distance: frame + distance for distance in engine.neighbour_offsets}
    return {
        distance: clip.frames[place]
        for distance, place in places.items()
        if 0 <= place < len(clip.frames)
    }


def guide_mask(engine: BuiltinEngine, clip: Clip, way: str, start: int) -> Mask:
    if way == "mask":
        return clip.masks[start]
    points = [Point(*place) for place in clip.prompt["positive"]]
    points += [Point(*place, positive=False) for place in clip.prompt["negative"]]
    prompt = Prompt(box=Box(*clip.prompt["box"])) if way == "box" else Prompt(points=tuple(points))
    found = engine.open_image(clip.frames[0], around(engine, clip, 0)).segment(prompt)
    return found[0].mask if found else np.zeros_like(clip.masks[0])


def _bounds(clip: Clip, way: str, guide: dict[int, Mask]) -> dict[int, Mask]:
    """Return where the user's marks let the target be, as a job takes them: the true mask, or the drawn box."""
    if way == "mask":
        return guide
    if way != "box":
        return {}
    x0, y0, x1, y1 = clip.prompt["box"]
    bounds = {frame: np.zeros_like(mask) for frame, mask in guide.items()}
    for mask in bounds.values():
        mask[y0:y1, x0:x1] = True
    return bounds


def start_frame(clip: Clip, name: str) -> int:
    return {"first": 0, "middle": len(clip.frames) // 2, "last": len(clip.frames) - 1}[name]


def matte(
    engine: BuiltinEngine, clip: Clip, guide: dict[int, Mask], start: int = 0
) -> tuple[list[MattedFrame], dict[str, float]]:
    context = RunContext()
    wall, processor = time.perf_counter(), time.process_time()
    found = list(engine.process(ArrayFrames(clip.frames), guide, start, {}, context))
    cost = {
        "fps": len(found) / (time.perf_counter() - wall),
        "cpu_ms": 1e3 * (time.process_time() - processor) / len(found),
    }
    return sorted(found, key=lambda item: item.index), cost


def matte_by_engine(
    engine: Engine,
    tracker: BuiltinEngine,
    clip: Clip,
    guide: dict[int, Mask],
    start: int,
    bounds: dict[int, Mask] | None = None,
) -> tuple[list[MattedFrame], dict[str, float]]:
    """Matte with another engine than the built-in one, which tracks for it; no guide asks for everyone.

    `bounds` are those of `RunContext`.
    """
    if not isinstance(engine, MattingEngine):
        raise SystemExit(f"{engine.name} makes no mattes")
    frames = ArrayFrames(clip.frames)
    masks: dict[int, Mask] = dict(guide)
    wall, processor = time.perf_counter(), time.process_time()
    if guide and engine.guide_kind == "mask_per_frame":
        targets = {index: {1: mask} for index, mask in guide.items()}
        for tracked in tracker.track_video(frames, targets, start, RunContext()):
            masks[tracked.index] = tracked.masks[1]
    tracked_cpu = time.process_time() - processor
    context = RunContext(confirmed=frozenset(guide), bounds=bounds or {})
    found = list(engine.process(frames, masks, start, {}, context))
    seconds = time.process_time() - processor
    cost = {
        "fps": len(found) / (time.perf_counter() - wall),
        "track_cpu_ms": 1e3 * tracked_cpu / len(found),
        "cpu_ms": 1e3 * seconds / len(found),
    }
    return sorted(found, key=lambda item: item.index), cost


def matte_by_command(clip: Clip, way: str, settings: Settings) -> list[npt.NDArray[np.float32]]:
    command = [sys.executable, str(ROOT / "app.py"), "matte", str(clip.folder / "clip.mp4")]
    command += ["--engine", "builtin", "--outputs", "alpha", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        if way == "mask":
            path = Path(folder) / "mask.png"
            cv2.imwrite(str(path), clip.masks[0].astype(np.uint8) * 255)
            command += ["--mask", str(path)]
        elif way == "box":
            command += ["--box", ",".join(str(value) for value in clip.prompt["box"])]
        else:
            for sign, key in (("", "positive"), (",-", "negative")):
                for x, y in clip.prompt[key]:
                    command += ["--point", f"{x},{y}{sign}"]
        subprocess.run([*command, "--out", folder], check=True, capture_output=True)
        frames = _frames(VideoIO(settings), Path(folder) / "alpha.mp4")
    return [frame[..., 0].astype(np.float32) / np.float32(255.0) for frame in frames]


def mask_figures(found: list[Mask], true: list[Mask], start: int) -> dict[str, float]:
    pairs = list(zip(found, true, strict=True))
    del pairs[start]
    return {
        "J": float(np.mean([metrics.region_similarity(*pair) for pair in pairs])),
        "F": float(np.mean([metrics.boundary_measure(*pair) for pair in pairs])),
    }


def alpha_figures(clip: Clip, found: list[npt.NDArray[np.float32]]) -> dict[str, float]:
    true = clip.alphas
    pairs = list(zip(found, true, strict=True))
    every = pairs[::6]
    figures = {
        "MAD": float(np.mean([metrics.mean_absolute_difference(*pair) for pair in pairs])),
        "MSE": float(np.mean([metrics.mean_square_error(*pair) for pair in pairs])),
        "Grad": float(np.mean([metrics.gradient_error(*pair) for pair in every])),
        "Conn": float(np.mean([metrics.connectivity_error(*pair) for pair in every])),
        "dtSSD": float(
            np.mean(
                [
                    metrics.temporal_difference(found[i], found[i - 1], true[i], true[i - 1])
                    for i in range(1, len(found))
                ]
            )
        ),
    }
    errors = [
        metrics.foreground_error(
            estimate_foreground(clip.frames[int(path.stem)], found[int(path.stem)]),
            cv2.imread(str(path))[..., ::-1],
            true[int(path.stem)],
        )
        for path in sorted((clip.folder / "fg").glob("*.png"))
    ]
    figures["FG"] = float(np.mean(errors)) if errors else float("nan")
    return figures


def click_on_error(found: Mask, true: Mask) -> Point:
    """Where a user would click: the middle of the largest wrong region."""
    wrong = (found ^ true).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(wrong, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return Point(int(column), int(row), bool(true[row, column]))


def clicked(
    engine: BuiltinEngine,
    clip: Clip,
    frame: int,
    tracked: Sequence[Mask],
    confidence: Sequence[float],
    confirmed: Mapping[int, Mask],
) -> Mask:
    """Return the frame's mask after one click as the page takes it; the tracked one where it is right.

    `tracked` and `confidence` are those of every frame, `confirmed` the masks that it was tracked from.
    """
    guess = tracked[frame]
    if not (guess ^ clip.masks[frame]).any():
        return guess
    click = click_on_error(guess, clip.masks[frame])
    examples = tuple(
        Example(index, mask, partial(clip.frames.__getitem__, index))
        for index, mask in confirmed.items()
    )
    prompt = Prompt(points=(click,), mask=guess, examples=examples)
    if not guess.any() or has_lost(guess, confidence[frame], (click,)):
        known = [KnownMask(mask, abs(index - frame)) for index, mask in confirmed.items()]
        telling = [
            value if mask.any() else None for value, mask in zip(confidence, tracked, strict=True)
        ]
        known += [
            KnownMask(tracked[index], abs(index - frame), confidence[index])
            for index in informative_frames(frame, telling)
            if index not in confirmed
        ]
        prompt = Prompt(points=(click,), expected=expected_size(known), examples=examples)
    session = engine.open_image(clip.frames[frame], around(engine, clip, frame))
    answers = session.segment(prompt)
    return answers[0].mask if answers else guess


def corrected(
    engine: BuiltinEngine, clip: Clip, found: list[MattedFrame], start: int, guide: Mask
) -> dict[str, float]:
    """One click at the frame the engine is least sure of; the J of the whole clip after it.

    And what it would be after as many clicks as it takes to make that frame right.
    """
    confidence = [item.confidence for item in found]
    frame = least_confident(confidence, confirmed={start}) or len(found) // 2
    tracked = [item.alpha > 0.5 for item in found]
    guess = tracked[frame]
    answer = clicked(engine, clip, frame, tracked, confidence, {start: guide})
    figures = {
        "corrected_frame": float(frame),
        "J_click_before": metrics.region_similarity(guess, clip.masks[frame]),
        "J_click_after": metrics.region_similarity(answer, clip.masks[frame]),
    }
    made = {"J_made_right": clip.masks[frame], "J_corrected": answer}
    for key, mask in made.items():
        again, _ = matte(engine, clip, {start: guide, frame: mask}, start)
        masks = [item.alpha > 0.5 for item in again]
        figures[key] = mask_figures(masks, clip.masks, start)["J"]
    return figures


def measure_other(
    clip: Clip, engine: Engine, tracker: BuiltinEngine, args: argparse.Namespace
) -> list[Row]:
    """Measure an engine by name: from each guide, and without one where it can."""
    rows = []
    start = start_frame(clip, args.start)
    ways = args.guides.split(",")
    if Capability.EVERYONE in engine.capabilities:
        ways = ["everyone", *ways]
    for way in ways:
        guide = {} if way == "everyone" else {start: guide_mask(tracker, clip, way, start)}
        found, cost = matte_by_engine(
            engine, tracker, clip, guide, start if guide else 0, _bounds(clip, way, guide)
        )
        figures = _figures(clip, [item.alpha for item in found], start) | cost
        rows.append(Row(clip.name, f"{engine.name}, {way}", figures))
    return rows


def measure(
    clip: Clip, engine: BuiltinEngine, settings: Settings, args: argparse.Namespace
) -> list[Row]:
    rows = []
    start = start_frame(clip, args.start)
    for way in args.guides.split(","):
        if args.command:
            alphas = matte_by_command(clip, way, settings)
            rows.append(Row(clip.name, f"command, {way}", _figures(clip, alphas, start)))
            continue
        guide = guide_mask(engine, clip, way, start)
        overlap = metrics.region_similarity(guide, clip.masks[start])
        if not guide.any() or guide.all():
            rows.append(Row(clip.name, f"builtin, {way}", {"J": 0.0, "F": 0.0, "J_first": overlap}))
            continue
        found, cost = matte(engine, clip, {start: guide}, start)
        figures = (
            _figures(clip, [item.alpha for item in found], start) | cost | {"J_first": overlap}
        )
        if args.correct:
            figures |= corrected(engine, clip, found, start, guide)
        rows.append(Row(clip.name, f"builtin, {way}", figures))
    if args.baselines:
        for name, cut in BASELINES.items():
            masks = list(baselines.follow(clip.frames, clip.masks[0], cut))
            rows.append(
                Row(clip.name, name, _figures(clip, [mask.astype(np.float32) for mask in masks], 0))
            )
    return rows


def _figures(clip: Clip, alphas: list[npt.NDArray[np.float32]], start: int) -> dict[str, float]:
    figures = mask_figures([alpha > 0.5 for alpha in alphas], clip.masks, start)
    return figures | (alpha_figures(clip, alphas) if clip.alphas else {})


def means(rows: list[Row]) -> list[Row]:
    """Means over the real clips and over the synthetic ones, for each way."""
    result = []
    for kind in ("davis", "synth"):
        for way in dict.fromkeys(row.way for row in rows):
            chosen = [
                row.figures
                for row in rows
                if row.way == way and row.clip.startswith(kind) and row.clip not in OUTSIDE_THE_MEAN
            ]
            if chosen:
                keys = [key for key in chosen[0] if all(key in figures for figures in chosen)]
                mean = {
                    key: float(np.nanmean([figures[key] for figures in chosen])) for key in keys
                }
                result.append(Row(f"mean of {len(chosen)} {kind}", way, mean))
    return result


def show(rows: list[Row]) -> None:
    for row in rows:
        figures = "  ".join(f"{key} {value:.3f}" for key, value in row.figures.items())
        print(f"{row.clip:28s} {row.way:22s} {figures}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--engine", default="builtin", help="any matting engine; default builtin")
    parser.add_argument("--clips", default="", help="parts of names, by comma; all when empty")
    parser.add_argument("--guides", default="mask,box", help=f"of {', '.join(GUIDES)}")
    parser.add_argument(
        "--start",
        choices=STARTS,
        default="first",
        help="frame of the given mask; both ways from there",
    )
    parser.add_argument(
        "--correct", action="store_true", help="one correction click, and one frame made right"
    )
    parser.add_argument("--baselines", action="store_true")
    parser.add_argument("--command", action="store_true", help="through app.py matte")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.start != "first" and (args.guides != "mask" or args.command or args.baselines):
        parser.error(
            "--start goes with --guides mask alone: boxes and clicks are of the first frame"
        )
    settings = Settings()
    engine = connected_engine(settings)
    other = None
    if args.engine != engine.name:
        other = build_registry(settings).get(args.engine)
        other.load_model("cpu")
    rows: list[Row] = []
    for folder in folders(args.data, args.clips):
        clip = load(folder, settings)
        if other is None:
            fresh = measure(clip, engine, settings, args)
        else:
            fresh = measure_other(clip, other, engine, args)
        rows += fresh
        if not args.json:
            show(fresh)
    rows += means(rows)
    if args.json:
        print(
            json.dumps(
                [{"clip": row.clip, "way": row.way, **row.figures} for row in rows], indent=1
            )
        )
    else:
        show(means(rows))


if __name__ == "__main__":
    main()
