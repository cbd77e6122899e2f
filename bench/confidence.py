"""How far confidence follows the truth: bench/confidence.py [--data DIR] [--clips NAME,…] [--guide mask].

Tracks every clip from its first frame. A line gives the rank correlation (Spearman) of confidence with J over the
clip's other frames, and the share of them with a lower J than the frame that is offered for a correction. Last, over all
clips: the mean and least correlation of those whose J deviates by more than 0.02, the area under the ROC curve of
confidence for "J below 0.8", and how many offered frames are among the worst fifth.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import corrections  # noqa: E402

from pipeline.postprocess.least_confident import least_confident  # noqa: E402

SPREAD = 0.02

Values = npt.NDArray[np.float64]


def ranks(values: Values) -> Values:
    """Return the rank of each value, equal ones sharing their mean rank."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2.0)[places])


def rank_correlation(left: Values, right: Values) -> float:
    """Return Spearman's rank correlation; 0 where one of the two is constant."""
    a, b = (ranks(values) - ranks(values).mean() for values in (left, right))
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale else 0.0


def area_under_curve(confidence: Values, is_bad: npt.NDArray[np.bool_]) -> float:
    """Return the probability that a bad frame has less confidence than a good one; NaN without both."""
    bad, good = int(is_bad.sum()), int((~is_bad).sum())
    if not bad or not good:
        return float("nan")
    return 1.0 - (float(ranks(confidence)[is_bad].sum()) - bad * (bad + 1) / 2.0) / (bad * good)


def main() -> None:
    correlations, below, confidences, scores = [], [], [], []
    for engine, clip, guide in corrections.guided_clips(__doc__):
        _, found, all_scores = corrections.track(engine, clip, {0: guide})
        offered = least_confident(found, confirmed={0})
        confidence, truth = np.array(found[1:]), all_scores[1:]
        correlation = rank_correlation(confidence, truth)
        line = f"{clip.name:28s} J {truth.mean():.3f} deviates {truth.std():.3f}  correlation {correlation:+.2f}"
        if truth.std() > SPREAD:
            correlations.append(correlation)
        if offered is not None:
            below.append(float((truth < all_scores[offered]).mean()))
            line += f"  offered {offered}, {below[-1]:.2f} of the frames are worse"
        confidences.append(confidence)
        scores.append(truth)
        print(line, flush=True)
    area = area_under_curve(np.concatenate(confidences), np.concatenate(scores) < corrections.BAD)
    if correlations:
        print(f"correlation: mean {np.mean(correlations):.2f}, least {min(correlations):.2f}")
    print(
        f"area under the curve {area:.2f}, among the worst fifth {sum(b < 0.2 for b in below)} of {len(below)}"
    )


if __name__ == "__main__":
    main()
