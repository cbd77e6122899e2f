"""How often a network calls pixels inside and around a target foreground, and what an answer says by that."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.guided_filter import box_mean
from utils.mask_utils import dilate, erode
from utils.types import FloatImage, FloatMap, Mask

_WEIGHT = 1.6
_LARGEST_LOG_ODDS = 3.0
"""Bound of the weighted log odds: a network errs by whole parts, so certainty of a pixel is not worth more."""
_PRIOR_SHARE = 0.4
"""Weight of the whole frame's rates beside the local ones, as a share of the local window's pixels."""
_LEAST_RATE = 0.03
"""Rate of wrong answers that a network is taken to have at least, of either side."""
_EDGE = 2
"""Pixels beside the contour that count for neither side."""


def answer_counts(answer: FloatMap, trust: FloatMap, mask: Mask, origin: FloatMap) -> FloatImage:
    """Return float32 (h, w, 4): background pixels called foreground, background; the object's likewise."""
    counts = np.empty((*mask.shape, 4), dtype=np.float32)
    _fill_counts(answer, trust, dilate(mask, _EDGE), erode(mask, _EDGE), origin, counts)
    return counts


@compiled
def _fill_counts(
    answer: FloatMap,
    trust: FloatMap,
    near: Mask,
    inner: Mask,
    origin: FloatMap,
    out: FloatImage,
) -> None:
    """Fill `out` (h, w, 4) as `answer_counts` says; a pixel is background but `near` the mask, the object's where `inner`."""
    height, width = near.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    for row in range(height):
        for column in range(width):
            share, called = origin[row, column], answer[row, column]
            around = inside = zero
            if not near[row, column]:
                around = trust[row, column] * ((one - share) * (one - share))
            if inner[row, column]:
                inside = trust[row, column] * (share * share)
            out[row, column, 0] = called * around
            out[row, column, 1] = around
            out[row, column, 2] = called * inside
            out[row, column, 3] = inside


@compiled
def add_counts(counts: FloatImage, now: FloatImage, keep: np.float32) -> None:
    """Let `counts` (h, w, 4) keep a share of themselves beside those of a new frame."""
    height, width, sides = counts.shape
    for row in range(height):
        for column in range(width):
            for side in range(sides):
                before = keep * counts[row, column, side]
                counts[row, column, side] = (
                    before + (np.float32(1.0) - keep) * now[row, column, side]
                )


def usual_rate(called: float, total: float) -> float:
    """Return the rate of foreground answers among pixels, kept from 0 and 1."""
    rate = (called + 1.0) / (total + 2.0)
    return min(max(rate, _LEAST_RATE), 1.0 - _LEAST_RATE)


def log_ratios(recent: FloatImage, long: FloatImage, radius: int) -> FloatImage:
    """Return the log ratios of the rates, inside to around the target, of both answers, float32 (2, h', w').

    By the counts of both memories, float32 (h', w', 4): of foreground and of background answers.
    """
    ratios = np.empty((2, *recent.shape[:2]), dtype=np.float32)
    local, usual = [], []
    for counts in (np.ascontiguousarray(recent), np.ascontiguousarray(long)):
        totals = cv2.sumElems(counts)
        local.append(box_mean(counts, radius))
        usual += [usual_rate(totals[side], totals[side + 1]) for side in (0, 2)]
    _fill_ratios(local[0], local[1], np.array(usual, dtype=np.float32), ratios)
    flat = ratios.reshape(-1, ratios.shape[2])
    return np.asarray(cv2.log(flat, flat)).reshape(ratios.shape)


@compiled
def _fill_ratios(
    recent: FloatImage, long: FloatImage, usual: npt.NDArray[np.float32], out: FloatImage
) -> None:
    """Fill `out` (2, h, w) with the ratios of the rates of foreground answers and of background answers.

    By the local means of the counts of both memories (h, w, 4), each drawn to the window's own rates: `usual` around
    and inside the target by the one memory, then by the other. What both memories say counts.
    """
    height, width = out.shape[1:]
    one, prior = np.float32(1.0), np.float32(_PRIOR_SHARE)
    least, most = np.float32(_LEAST_RATE), np.float32(1.0 - _LEAST_RATE)
    drawn = prior * usual
    for row in range(height):
        for column in range(width):
            around = (recent[row, column, 0] + drawn[0]) / (recent[row, column, 1] + prior)
            inside = (recent[row, column, 2] + drawn[1]) / (recent[row, column, 3] + prior)
            around_long = (long[row, column, 0] + drawn[2]) / (long[row, column, 1] + prior)
            inside_long = (long[row, column, 2] + drawn[3]) / (long[row, column, 3] + prior)
            around = min(max(around, around_long, least), most)
            inside = max(min(max(min(inside, inside_long), least), most), around)
            out[0, row, column] = inside / around
            out[1, row, column] = (one - inside) / (one - around)


def weighted_log_odds(
    ratios: FloatImage, answer: FloatMap, reliability: FloatMap, support: FloatMap
) -> FloatMap:
    """Return an answer's weighted log odds, float32 (h, w), by the log ratios (2, h, w) and the support in favour.

    `answer`, `reliability` and `support` are float32 (h, w) in [0, 1].
    """
    log_odds = np.empty(answer.shape, dtype=np.float32)
    _fill_log_odds(ratios, answer, reliability, support, log_odds)
    return log_odds


@compiled
def _fill_log_odds(
    ratios: FloatImage, answer: FloatMap, reliability: FloatMap, support: FloatMap, out: FloatMap
) -> None:
    """Fill `out` (h, w) as `weighted_log_odds` says."""
    height, width = out.shape
    zero, one, weight = np.float32(0.0), np.float32(1.0), np.float32(_WEIGHT)
    limit = np.float32(_LARGEST_LOG_ODDS)
    for row in range(height):
        for column in range(width):
            called = answer[row, column]
            value = called * ratios[0, row, column] + (one - called) * ratios[1, row, column]
            value *= weight * (support[row, column] if value > zero else one)
            out[row, column] = min(max(value, -limit), limit) * reliability[row, column]
