"""What one correction brings: bench/corrections.py [--data DIR] [--clips NAME,…] [--guide mask].

Tracks every clip from its first frame. In each stretch of at least five frames with J under 0.8 the frame of least
confidence is put right, once by its true mask and once by one click on its largest wrong region, and the clip is
tracked again. A line gives the stretch's mean J before and after, and what the whole clip gains.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import metrics  # noqa: E402
import quality  # noqa: E402

from config import Settings  # noqa: E402
from engines.base import ArrayFrames, RunContext  # noqa: E402
from engines.builtin.engine import BuiltinEngine  # noqa: E402
from pipeline.postprocess.least_confident import least_confident  # noqa: E402
from utils.types import Mask  # noqa: E402

BAD = 0.8
LEAST_FRAMES = 5

Scores = npt.NDArray[np.float64]


def track(
    engine: BuiltinEngine, clip: quality.Clip, guide: Mapping[int, Mask]
) -> tuple[list[Mask], list[float], Scores]:
    """Return each frame's mask, its confidence and its J, tracked from the masks of the guide."""
    targets = {frame: {1: mask} for frame, mask in guide.items()}
    tracked = engine.track_video(ArrayFrames(clip.frames), targets, 0, RunContext())
    found = sorted(tracked, key=lambda item: item.index)
    nothing = np.zeros_like(clip.masks[0])
    masks = [item.masks.get(1, nothing) for item in found]
    pairs = zip(masks, clip.masks, strict=True)
    scores = np.array([metrics.region_similarity(*pair) for pair in pairs])
    return masks, [item.confidence for item in found], scores


def bad_stretches(scores: Scores) -> list[range]:
    """Return the frames of each stretch that is long and bad enough to need a correction."""
    edges = np.flatnonzero(np.diff(np.pad(scores < BAD, 1).astype(np.int8)))
    spans = [range(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
    return [span for span in spans if len(span) >= LEAST_FRAMES]


def measure(engine: BuiltinEngine, clip: quality.Clip, guide: Mask) -> None:
    masks, confidence, before = track(engine, clip, {0: guide})
    print(f"{clip.name}: J {before[1:].mean():.3f}", flush=True)
    for span in bad_stretches(before):
        known = [value if index in span else None for index, value in enumerate(confidence)]
        offered = least_confident(known, confirmed={0})
        frame = span[len(span) // 2] if offered is None else offered
        answer = quality.clicked(engine, clip, frame, masks, confidence, {0: guide})
        line = f"  {span[0]} to {span[-1]}, corrected at {frame}: J {before[span].mean():.3f}"
        for way, mask in (("true mask", clip.masks[frame]), ("click", answer)):
            _, _, after = track(engine, clip, {0: guide, frame: mask})
            clip_gain = after[1:].mean() - before[1:].mean()
            line += f", {way} {after[span].mean():.3f} (clip {clip_gain:+.3f})"
        print(line, flush=True)


def guided_clips(description: str | None) -> Iterator[tuple[BuiltinEngine, quality.Clip, Mask]]:
    """Yield the engine, each clip that the command line names, and its first mask by the guide named there."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=quality.DATA)
    parser.add_argument("--clips", default="", help="parts of names, by comma; all when empty")
    parser.add_argument("--guide", choices=quality.GUIDES, default="mask")
    args = parser.parse_args()
    settings = Settings()
    engine = quality.connected_engine(settings)
    for folder in quality.folders(args.data, args.clips):
        clip = quality.load(folder, settings)
        yield engine, clip, quality.guide_mask(engine, clip, args.guide, 0)


if __name__ == "__main__":
    for found in guided_clips(__doc__):
        measure(*found)
