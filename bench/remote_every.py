"""What sending every n-th frame to a service loses by itself: as if the service's mattes were the truth.

    python -m bench.remote_every [--data DIR] [--clips NAME,…] [--every 2,3,5]

The frames between are filled as in a job. For each clip and n: J over all frames, and where there is a true
alpha the mean absolute difference x 1e3 and dtSSD x 1e2; then what the job itself would report, which has no
truth. Nothing is sent.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench")]

import metrics  # noqa: E402
from quality import DATA, Clip, folders, load  # noqa: E402

from config import Settings  # noqa: E402
from engines.onnx.filling_loss import FillingLoss  # noqa: E402
from engines.onnx.flow_smoothing import FlowSmoother, Sample  # noqa: E402
from engines.onnx.frame_choice import AlphaSource, FrameChoice  # noqa: E402

Alphas = list[npt.NDArray[np.float32]]


def filled(clip: Clip, truth: Alphas, every: int, loss: FillingLoss) -> tuple[Alphas, int]:
    """Return the alpha of every frame where only those that a job would send have the true one, and their number."""
    choice = FrameChoice(every)
    samples = []
    for index, (frame, alpha) in enumerate(zip(clip.frames, truth, strict=True)):
        is_sent = choice.choose(frame) is AlphaSource.MATTED
        samples.append(Sample(frame, alpha if is_sent else None, index in choice.starts))
    height, width = truth[0].shape
    smoother = FlowSmoother((width, height), every, smooths=False, loss=loss)
    return list(smoother.run(samples)), choice.matted


def figures(clip: Clip, truth: Alphas, found: Alphas) -> dict[str, float]:
    """Return what is lost, by measure."""
    pairs = list(zip(found, truth, strict=True))
    result = {
        "J": np.mean([metrics.region_similarity(one > 0.5, true > 0.5) for one, true in pairs])
    }
    if clip.alphas:
        result["MAD x 1e3"] = np.mean([np.abs(one - true).mean() for one, true in pairs]) * 1e3
        steps = zip(found[1:], found, truth[1:], truth, strict=False)
        result["dtSSD x 1e2"] = np.mean([metrics.temporal_difference(*step) for step in steps])
    return {name: float(value) for name, value in result.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--clips", default="")
    parser.add_argument("--every", default="2,3,5")
    options = parser.parse_args()
    settings = Settings(_env_file=None)
    for folder in folders(options.data, options.clips):
        clip = load(folder, settings)
        truth = clip.alphas or [mask.astype(np.float32) for mask in clip.masks]
        for every in map(int, options.every.split(",")):
            loss = FillingLoss()
            found, sent = filled(clip, truth, every, loss)
            shown = ", ".join(
                f"{name} {value:.4f}" if name == "J" else f"{name} {value:.2f}"
                for name, value in figures(clip, truth, found).items()
            )
            own = f"{np.mean(loss.overlaps):.4f}" if loss.overlaps else "-"
            print(
                f"{clip.name} every {every}: {sent} of {len(truth)} sent, {shown}; reported {own}",
                flush=True,
            )


if __name__ == "__main__":
    main()
