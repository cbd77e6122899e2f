"""Alpha of unknown pixels by the known colours around them, which are sampled along rays."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.matting.background_plate import Behind
from utils.compiled import compiled
from utils.types import FloatImage, FloatMap

BACKGROUND, UNKNOWN, FOREGROUND = 0, 1, 2
"""Values of a trimap, uint8 (H, W)."""
_RAYS = 8
"""Rays from each pixel along which known colours are looked for."""
_TURNS = 16
"""Angles by which the rays of neighbouring pixels are turned, so that they meet other pixels."""
_DEEPER = 2
"""Pixels by which a sample lies beyond the first known pixel, which may still be mixed."""
_NOISE = 0.025
"""Standard deviation of a colour, in [0, 1] of each channel, from the mixture of its two samples."""
_PLATE_SHARE = 20.0
"""Prior odds of a clean plate's exact colour against one sample's."""
_UNLIKELY = -16.0
"""Logarithm of a likelihood, beside the best one, below which a pair of samples changes nothing."""
_OUTSIDE = 3
"""Value of a padded trimap beyond the picture."""

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
    border = reach + _DEEPER
    sides = (border,) * 4
    padded = cv2.copyMakeBorder(trimap, *sides, cv2.BORDER_CONSTANT, value=(_OUTSIDE,))
    angles = np.arange(_TURNS * _RAYS).reshape(_RAYS, _TURNS).T * (2.0 * np.pi / (_TURNS * _RAYS))
    directions = np.stack([np.sin(angles), np.cos(angles)], axis=2).astype(np.float32)
    lengths = np.arange(border + 1, dtype=np.float64)[:, None]
    steps = np.floor(directions[:, :, None] * lengths + 0.5).astype(np.int32)
    offsets = steps[..., 0] * np.int32(padded.shape[1]) + steps[..., 1]
    _gather(padded, places, border, offsets, samples)
    alpha = np.empty(places.size, dtype=np.float32)
    _average(rgb.reshape(-1, 3), places, samples, behind, prior, np.float32(deviation), alpha)
    return alpha


@compiled
def _gather(
    padded: Trimap,
    places: Places,
    border: int,
    offsets: npt.NDArray[np.int32],
    samples: npt.NDArray[np.int32],
) -> None:
    """Fill `samples`, (2, N, rays), with flat indices of background and foreground pixels; -1 for none.

    `padded` is the trimap with `border` pixels around it, `offsets` (turns, rays, lengths) how far on in it each
    length of each ray leads.
    """
    stride = padded.shape[1]
    width = stride - 2 * border
    flat = padded.ravel()
    turns, rays, lengths = offsets.shape
    last = lengths - 1 - _DEEPER
    for number in range(places.size):
        row, column = places[number] // width, places[number] % width
        turn = (7 * column + 13 * row) % turns
        middle = (row + border) * stride + column + border
        for ray in range(rays):
            samples[0, number, ray] = -1
            samples[1, number, ray] = -1
            step = 1
            side = flat[middle + offsets[turn, ray, 1]]
            while side == UNKNOWN and step < last:
                step += 1
                side = flat[middle + offsets[turn, ray, step]]
            if side in (UNKNOWN, _OUTSIDE):
                continue
            place = middle + offsets[turn, ray, step]
            deeper = middle + offsets[turn, ray, step + _DEEPER]
            if flat[deeper] == side:
                place = deeper
            samples[side // 2, number, ray] = (
                (place // stride - border) * width + place % stride - border
            )


@compiled
def _average(  # noqa: PLR0912, PLR0915
    rgb: FloatImage,
    places: Places,
    samples: npt.NDArray[np.int32],
    behind: Behind,
    prior: FloatMap,
    deviation: np.float32,
    alpha: FloatMap,
) -> None:
    """Fill `alpha`, (N,), with the mean over the pairs of samples, each by its marginal likelihood.

    `rgb` has a row a pixel, (H * W, 3). First all pairs of a pixel are measured, in loops without branches that run on
    several pairs at once; then those that are not unlikely beside the best one are averaged.
    """
    rays = samples.shape[2]
    zero, one, half = np.float32(0.0), np.float32(1.0), np.float32(0.5)
    noise = np.float32(_NOISE * _NOISE)
    prior_weight = one / (deviation * deviation)
    fronts = np.empty((3, rays), dtype=np.float32)
    shares = np.empty(rays + 1, dtype=np.float32)
    values, costs, precisions = np.empty((3, rays + 1, rays), dtype=np.float32)
    for number in range(places.size):
        here, expected = rgb[places[number]], prior[number]
        front_count, back_count = 0, 0
        for ray in range(rays):
            place = samples[1, number, ray]
            if place >= 0:
                for channel in range(3):
                    fronts[channel, front_count] = rgb[place, channel]
                front_count += 1
        least = np.float32(1e9)
        for ray in range(rays + 1):
            # The last one is the plate's.
            colour_weight, share = one / noise, one
            if ray == rays:
                colour_weight = one / (noise + behind.variance[number])
                share = np.float32(_PLATE_SHARE) * noise * colour_weight
                background = behind.colour[number]
            else:
                place = samples[0, number, ray]
                if place < 0:
                    continue
                background = rgb[place]
            if share == zero:
                continue
            red, green, blue = background[0], background[1], background[2]
            from_red, from_green, from_blue = here[0] - red, here[1] - green, here[2] - blue
            apart = from_red * from_red + from_green * from_green + from_blue * from_blue
            for front in range(front_count):
                to_red, to_green = fronts[0, front] - red, fronts[1, front] - green
                to_blue = fronts[2, front] - blue
                length = to_red * to_red + to_green * to_green + to_blue * to_blue
                along = from_red * to_red + from_green * to_green + from_blue * to_blue
                precision = length * colour_weight + prior_weight
                value = (along * colour_weight + expected * prior_weight) / precision
                value = min(max(value, zero), one)
                cost = (apart - value * (along + along - value * length)) * colour_weight
                cost += (value - expected) * (value - expected) * prior_weight
                values[back_count, front] = value
                costs[back_count, front] = cost
                precisions[back_count, front] = precision
                least = min(least, cost)
            shares[back_count] = share
            back_count += 1
        mass, total = zero, zero
        for back in range(back_count):
            for front in range(front_count):
                log_likelihood = half * (least - costs[back, front])
                if log_likelihood < np.float32(_UNLIKELY):
                    continue
                weight = shares[back] * np.exp(log_likelihood) / np.sqrt(precisions[back, front])
                mass += weight
                total += weight * values[back, front]
        alpha[number] = total / mass if mass > zero else expected
