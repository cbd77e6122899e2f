"""How good clicks and a box are: `bench/selection.py [--data DIR] [--clips NAME,…] [--astray] [--json]`.

Three frames of each clip (at the start, a third and two thirds) are segmented by the built-in engine from
the box of the true mask, and from one click after another, each in the middle of the deepest wrong region
or, with `--astray`, somewhere in it. Figures are overlaps (intersection over union) with the true mask,
and seconds an answer takes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from quality import DATA, Clip, around, click_on_error, connected_engine, folders, load  # noqa: E402

from config import Settings  # noqa: E402
from engines.base import ImageSegmentation  # noqa: E402
from engines.builtin.engine import BuiltinEngine  # noqa: E402
from utils.mask_utils import bounding_box, intersection_over_union  # noqa: E402
from utils.types import Box, Mask, Point, Prompt  # noqa: E402

CLICKS = 5
FEWEST_PIXELS = 200
"""Frames whose target is smaller aren't asked about."""
ASTRAY = 0.4
"""Depth, as a share of the region's largest, from which a click that goes astray still lands."""


def next_click(found: Mask, true: Mask, random: np.random.Generator | None) -> Point | None:
    """Return the click that corrects the deepest error, with `random` off its middle; None where none is."""
    if not (found ^ true).any():
        return None
    middle = click_on_error(found, true)
    if random is None:
        return middle
    _, names = cv2.connectedComponents(
        ((found ^ true) & (true == middle.positive)).astype(np.uint8)
    )
    region = names == names[int(middle.y), int(middle.x)]
    padded = np.pad(region, 1).astype(np.uint8)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    places = np.argwhere(depth >= ASTRAY * depth.max())
    row, column = places[random.integers(len(places))]
    return Point(int(column), int(row), middle.positive)


def ask(session: ImageSegmentation, prompt: Prompt, true: Mask) -> tuple[Mask, float]:
    """Return the best answer, bool (H, W), and the seconds it took."""
    began = time.perf_counter()
    found = session.segment(prompt)
    seconds = time.perf_counter() - began
    return found[0].mask if found else np.zeros_like(true), seconds


def measure(
    engine: BuiltinEngine, clip: Clip, frame: int, random: np.random.Generator | None
) -> tuple[list[float], list[float]]:
    """Return overlaps and seconds: of the box, then after each click."""
    true = clip.masks[frame]
    box = Box(*(bounding_box(true) or (0, 0, 0, 0)))
    session = engine.open_image(clip.frames[frame], around(engine, clip, frame))
    found, took = ask(session, Prompt(box=box), true)
    overlaps, seconds = [intersection_over_union(found, true)], [took]
    session = engine.open_image(clip.frames[frame], around(engine, clip, frame))
    found = np.zeros_like(true)
    clicks: tuple[Point, ...] = ()
    for _ in range(CLICKS):
        click = next_click(found, true, random)
        if click is not None:
            clicks = (*clicks, click)
            found, took = ask(session, Prompt(points=clicks), true)
            seconds.append(took)
        overlaps.append(intersection_over_union(found, true))
    return overlaps, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--clips", default="davis", help="parts of names, comma-separated")
    parser.add_argument("--astray", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    settings = Settings()
    engine = connected_engine(settings)
    rows: dict[str, list[float]] = {}
    further: list[float] = []
    for folder in folders(args.data, args.clips):
        clip = load(folder, settings)
        random = np.random.default_rng(0) if args.astray else None
        overlaps = []
        for frame in (0, len(clip.frames) // 3, 2 * len(clip.frames) // 3):
            if np.count_nonzero(clip.masks[frame]) >= FEWEST_PIXELS:
                found, seconds = measure(engine, clip, frame, random)
                overlaps.append(found)
                further += seconds[2:]
        if overlaps:
            rows[folder.name] = [float(value) for value in np.mean(overlaps, axis=0)]
    names = ["box", *(f"{count + 1} clicks" if count else "1 click" for count in range(CLICKS))]
    mean = [float(value) for value in np.mean(list(rows.values()), axis=0)]
    median, longest = float(np.median(further)), max(further)
    if args.json:
        figures = {"clips": rows, "mean": mean, "columns": names}
        print(json.dumps({**figures, "further_click_s": {"median": median, "longest": longest}}))
        return
    print(f"{'':28s} " + "  ".join(f"{name:>8s}" for name in names))
    for name, values in {**rows, f"mean of {len(rows)}": mean}.items():
        print(f"{name:28s} " + "  ".join(f"{value:8.3f}" for value in values))
    print(f"a further click takes {median:.2f} s (median), {longest:.2f} s (longest)")


if __name__ == "__main__":
    main()
