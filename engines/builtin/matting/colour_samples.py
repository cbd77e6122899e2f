"""Alpha of unknown pixels by the known colours around them, which are sampled along rays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.builtin.matting.background_plate import Behind
from utils.compiled import compiled
from utils.types import FloatImage, FloatMap

BACKGROUND, UNKNOWN, FOREGROUND = 0, 1, 2
"""Values of a trimap, uint8 (H, W)."""
_RAYS = 8
_TURNS = 16
"""Angles by which the rays of neighbouring pixels are turned, so that they meet other pixels."""
_DEEPER = 2
"""Pixels by which a sample lies beyond the first known pixel, which may still be mixed."""
_NOISE = 0.025
"""Standard deviation of a colour, in [0, 1] of each channel, from the mixture of its two samples."""
_PLATE_SHARE = 20.0
"""Prior odds of a clean plate's exact colour against one sample's."""
_UNLIKELY = -16.0
"""Logarithm of a likelihood, beside the best one so far, below which a pair of samples changes nothing."""

Trimap = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


def sampled_alpha(
    rgb: FloatImage,
    trimap: Trimap,
    places: Places,
    prior: FloatMap,
    deviation: float,
    reach: int,
    behind: Behind,
) -> FloatMap:
    """Return the alpha of some pixels, float32 (N,) in [0, 1].

    Each ray from a pixel samples the first known pixel that it meets, as in shared matting (Gastal and
    Oliveira, Eurographics 2010). Each pair of a foreground and a background sample gives the alpha that
    explains the pixel's colour best beside the prior, as in Bayesian matting (Chuang et al., CVPR 2001);
    the result is the mean over all pairs by their marginal likelihoods. It is the prior where the colours
    tell nothing.

    Args:
        rgb: float32 (H, W, 3) in [0, 1].
        trimap: uint8 (H, W).
        places: flat indices of the pixels, int64 (N,).
        prior: alpha expected without colours, float32 (N,) in [0, 1].
        deviation: standard deviation of the prior.
        reach: length of the rays, in pixels.
        behind: what a clean plate says of their background: one more sample, of known variance.
    """
    samples = np.empty((2, places.size, _RAYS), dtype=np.int32)
    angles = np.arange(_TURNS * _RAYS).reshape(_RAYS, _TURNS).T * (2.0 * np.pi / (_TURNS * _RAYS))
    directions = np.stack([np.sin(angles), np.cos(angles)], axis=2).astype(np.float32)
    lengths = np.arange(reach + _DEEPER + 1, dtype=np.float64)[:, None]
    steps = np.floor(directions[:, :, None] * lengths + 0.5).astype(np.int32)
    _gather(trimap, places, steps, reach, samples)
    alpha = np.empty(places.size, dtype=np.float32)
    _average(rgb.reshape(-1, 3), places, samples, behind, prior, np.float32(deviation), alpha)
    return alpha


@compiled
def _gather(
    trimap: Trimap,
    places: Places,
    steps: npt.NDArray[np.int32],
    reach: int,
    samples: npt.NDArray[np.int32],
) -> None:
    """Fill `samples`, (2, N, rays), with flat indices of background and foreground pixels; -1 for none.

    `steps` (turns, rays, lengths, 2) says how many pixels down and across each length of each ray leads.
    """
    height, width = trimap.shape
    for number in range(places.size):
        row, column = places[number] // width, places[number] % width
        turn = (7 * column + 13 * row) % steps.shape[0]
        for ray in range(steps.shape[1]):
            samples[0, number, ray] = -1
            samples[1, number, ray] = -1
            for step in range(1, reach + 1):
                y, x = row + steps[turn, ray, step, 0], column + steps[turn, ray, step, 1]
                if y < 0 or x < 0 or y >= height or x >= width:
                    break
                side = trimap[y, x]
                if side == UNKNOWN:
                    continue
                deep_y = row + steps[turn, ray, step + _DEEPER, 0]
                deep_x = column + steps[turn, ray, step + _DEEPER, 1]
                is_seen = 0 <= deep_y < height and 0 <= deep_x < width
                if is_seen and trimap[deep_y, deep_x] == side:
                    y, x = deep_y, deep_x
                samples[side // 2, number, ray] = y * width + x
                break


@compiled
def _average(
    rgb: FloatImage,
    places: Places,
    samples: npt.NDArray[np.int32],
    behind: Behind,
    prior: FloatMap,
    deviation: np.float32,
    alpha: FloatMap,
) -> None:
    """Fill `alpha`, (N,), with the mean over the pairs of samples, each by its marginal likelihood.

    `rgb` has a row a pixel, (H * W, 3).
    """
    rays = samples.shape[2]
    zero, one, half = np.float32(0.0), np.float32(1.0), np.float32(0.5)
    noise = np.float32(_NOISE * _NOISE)
    prior_weight = one / (deviation * deviation)
    for number in range(places.size):
        here = rgb[places[number]]
        expected = prior[number]
        least, mass, total = np.float32(1e9), zero, zero
        for back in range(rays + 1):
            # The last one is the plate's.
            colour_weight, share = one / noise, one
            if back == rays:
                colour_weight = one / (noise + behind.variance[number])
                share = np.float32(_PLATE_SHARE) * noise * colour_weight
                background = behind.colour[number]
            else:
                place = samples[0, number, back]
                if place < 0:
                    continue
                background = rgb[place]
            if share == zero:
                continue
            for front in range(rays):
                place = samples[1, number, front]
                if place < 0:
                    continue
                foreground = rgb[place]
                length, along, apart = zero, zero, zero
                for channel in range(3):
                    step = foreground[channel] - background[channel]
                    offset = here[channel] - background[channel]
                    length += step * step
                    along += offset * step
                    apart += offset * offset
                precision = length * colour_weight + prior_weight
                value = (along * colour_weight + expected * prior_weight) / precision
                value = min(max(value, zero), one)
                cost = (apart - value * (along + along - value * length)) * colour_weight
                cost += (value - expected) * (value - expected) * prior_weight
                gap = half * (least - cost)
                if gap < np.float32(_UNLIKELY):
                    continue
                weight = share / np.sqrt(precision)
                # Likelihoods are kept relative to that of the best pair so far.
                if gap > zero:
                    shrink = np.exp(-gap)
                    mass *= shrink
                    total *= shrink
                    least = cost
                else:
                    weight *= np.exp(gap)
                mass += weight
                total += weight * value
        alpha[number] = total / mass if mass > zero else expected
