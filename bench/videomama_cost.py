"""What VideoMaMa's windows and crop cost beside the official windows of 16, and whether their borders show.

    python bench/videomama_cost.py [--data DIR] [--variants] [--json]

Costs are operations of the published networks by the product's cost model; no weights are needed. Borders are
measured on the tests' tiny random networks: mean |alpha change| at the borders of windows, and at the frame of
the decoder's eight where it is largest, over that elsewhere; "drifting" is that at windows whose predictions differ by a
constant. `--data` is a folder of clips as in bench/quality.py: their true masks decide what the crop leaves.
`--variants` measures other overlaps and context frames of the decoder too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.quality import folders, load  # noqa: E402
from config import Settings  # noqa: E402
from engines.base import ArrayFrames, MattedFrame, RunContext  # noqa: E402
from engines.videomama import cost  # noqa: E402
from engines.videomama.engine import VideoMaMaEngine  # noqa: E402
from engines.videomama.geometry import plan_geometry  # noqa: E402
from engines.videomama.masks import ClipMasks  # noqa: E402
from engines.videomama.options import JobOptions  # noqa: E402
from engines.videomama.plan import DECODE_CHUNK, Span, plan_shot, plan_windows  # noqa: E402
from engines.videomama.shot import plan_shots  # noqa: E402
from tests.engines.fake_videomama import FakeNetworks, make_job  # noqa: E402
from tests.engines.tiny_videomama import (  # noqa: E402
    build_tiny_videomama,
    moving_disc,
    tiny_settings,
)
from utils.types import Mask  # noqa: E402

OFFICIAL_FRAME_FLOP = 2 * cost.ENCODE_FLOP + cost.UNET_FLOP + cost.DECODE_FLOP
SEAM_FRAMES = 104
LONG_FRAMES = 1800


def full_picture_ratio(count: int, options: JobOptions) -> float:
    """Operations of so many frames on the whole picture, a target on each, over the official windows'."""
    shot = Span(0, count)
    plan = plan_shot([False] * count, shot, options.window, options.overlap, options.decode_context)
    return cost.shot_flop(cost.REFERENCE_PIXELS, plan) / (count * OFFICIAL_FRAME_FLOP)


def crop_ratio(masks: list[Mask], options: JobOptions) -> float:
    """The same of a clip's job, with the crop around its masks, bool (H, W)."""
    height, width = masks[0].shape
    size_wh = width, height
    clip = ClipMasks(dict(enumerate(masks)), len(masks), size_wh)
    whole = plan_geometry(size_wh, (0, 0, width, height), options.pixel_budget)
    official = len(masks) * OFFICIAL_FRAME_FLOP * whole.canvas_pixels / cost.REFERENCE_PIXELS
    return sum(shot.flop for shot in plan_shots(clip, size_wh, (), options)) / official


def borders(engine: VideoMaMaEngine, options: JobOptions) -> dict[str, float]:
    """Change of alpha at the borders of windows, and of the decoder's groups, over that elsewhere."""
    frames, masks = moving_disc(SEAM_FRAMES)
    chosen = {"overlap": options.overlap, "decode_context": options.decode_context}
    change = _changes(engine.process(ArrayFrames(frames), masks, 0, chosen, RunContext()))
    drifting = FakeNetworks()
    # Nothing is clipped: each pixel shows the drift.
    drifting.gain, drifting.drift = 0.3, lambda call: 0.04 * (call % 2)
    drifted = _changes(make_job(drifting, frames, masks, **chosen).run())
    spans = plan_windows(SEAM_FRAMES, options.window, options.overlap)
    edges = {edge for span in spans for edge in (span.start, span.stop)}
    groups = [range(first, SEAM_FRAMES, DECODE_CHUNK) for first in range(DECODE_CHUNK)]
    return {
        "windows": round(_ratio(change, edges), 3),
        "decoder": round(max(_ratio(change, group) for group in groups), 3),
        "drifting": round(_ratio(drifted, edges), 3),
    }


def _changes(done: Iterable[MattedFrame]) -> np.ndarray:
    alphas = np.stack([item.alpha for item in done])
    return np.abs(np.diff(alphas, axis=0)).mean(axis=(1, 2))


def _ratio(change: np.ndarray, frames: Iterable[int]) -> float:
    at = np.zeros(len(change), bool)
    at[[frame - 1 for frame in frames if 0 < frame <= len(change)]] = True
    return float(change[at].mean() / change[~at].mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of clips with their truth")
    parser.add_argument("--variants", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    options = JobOptions()
    wanted = [options]
    if arguments.variants:
        pairs = ((8, 2), (8, 0), (4, 2), (4, 1), (2, 0))
        wanted += [replace(options, overlap=o, decode_context=c) for o, c in pairs]
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="splazmatte-bench-") as made:
        engine = VideoMaMaEngine(tiny_settings(build_tiny_videomama(Path(made))))
        engine.load_model("cpu")
        for variant in wanted:
            ratio = round(full_picture_ratio(LONG_FRAMES, variant), 3)
            row = {"long_clip": ratio, **borders(engine, variant)}
            found[f"overlap {variant.overlap}, context {variant.decode_context}"] = row
    if arguments.data is not None:
        full, crop = {}, {}
        for folder in folders(arguments.data, ""):
            masks = load(folder, Settings()).masks
            full[folder.name] = round(full_picture_ratio(len(masks), options), 3)
            crop[folder.name] = round(crop_ratio(masks, options), 3)
        for name, ratios in (("full_picture", full), ("crop", crop)):
            mean = round(statistics.fmean(ratios.values()), 3)
            found[name] = {"mean": mean, "most": max(ratios.values()), "clips": ratios}
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
