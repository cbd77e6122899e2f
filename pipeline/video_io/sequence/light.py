"""From linear light and film densities to the levels that screens show, and back; functions on arrays and tables."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.uint16]
"""Of a transfer function's signal, 16 bits a sample."""
SRGB_TRANSFER, BT709_TRANSFER = "iec61966-2-1", "bt709"
"""FFmpeg's names."""
_KNEE, _SLOPE, _OFFSET, _POWER = 0.018, 4.5, 0.099, 0.45
"""Of the function of cameras in ITU-R BT.709, item 1.2, not of displays in BT.1886."""
_CODE_WHITE, _CODE_BLACK = 685, 95
_CODE_DENSITY, _FILM_GAMMA = 0.002, 0.6
"""Cineon (Kodak, "Conversion of 10-bit Log Film Data To 8-bit Linear or Video Data", 1995): 10-bit codes of
reference white and black, density of a code, gamma of the negative."""


def levels_of(transfer: str, linear: npt.NDArray[Any]) -> Levels:
    """Return the levels of linear light by a transfer function: BT.709's, else sRGB's; see `srgb_levels`."""
    if transfer != BT709_TRANSFER:
        return srgb_levels(linear)
    light = np.clip(np.nan_to_num(linear.astype(np.float64), nan=0.0), 0.0, 1.0)
    signal = np.where(light < _KNEE, _SLOPE * light, (1 + _OFFSET) * light**_POWER - _OFFSET)
    levels: Levels = np.rint(signal * 65535).astype(np.uint16)
    return levels


def linear_of_bt709(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the linear light of BT.709's signal in [0, 1]: the inverse of `levels_of`."""
    curved = ((signal + _OFFSET) / (1 + _OFFSET)) ** (1 / _POWER)
    return np.where(signal < _SLOPE * _KNEE, signal / _SLOPE, curved)


def srgb_levels(linear: npt.NDArray[Any]) -> Levels:
    """Return the levels of linear light by sRGB's transfer function (IEC 61966-2-1).

    Args:
        linear: any floats, 1 = white; what is below 0 or above 1 is clipped, and what is no number is 0.
    """
    light = np.clip(np.nan_to_num(linear.astype(np.float64), nan=0.0), 0.0, 1.0)
    signal = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    levels: Levels = np.rint(signal * 65535).astype(np.uint16)
    return levels


def linear_of_srgb(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the linear light of sRGB's signal in [0, 1]: the inverse of `srgb_levels`."""
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def divided(
    colour: npt.NDArray[Any], alpha: npt.NDArray[Any], opaque: float
) -> npt.NDArray[np.float64]:
    """Return premultiplied colour divided by its alpha; where the alpha is 0 it stays, as a glow has it.

    Args:
        colour: any numbers, of the alpha's shape or with one more axis, of channels.
        alpha: any numbers from 0 to `opaque`.
    """
    share = np.where(alpha > 0, alpha, opaque) / opaque
    if colour.ndim > alpha.ndim:
        share = share[..., np.newaxis]
    straight: npt.NDArray[np.float64] = colour.astype(np.float64) / share
    return straight


@cache
def levels_of_halves(transfer: str) -> Levels:
    """Return the level of every half float, by its bits as uint16; see `levels_of`."""
    with np.errstate(invalid="ignore"):
        return levels_of(transfer, np.arange(65536, dtype=np.uint16).view(np.float16))


@cache
def srgb_of_cineon() -> Levels:
    """Return the level of every 10-bit Cineon code; what is brighter than reference white is white."""
    exponent = (np.arange(1024) - _CODE_WHITE) * _CODE_DENSITY / _FILM_GAMMA
    black = 10 ** ((_CODE_BLACK - _CODE_WHITE) * _CODE_DENSITY / _FILM_GAMMA)
    return srgb_levels((10**exponent - black) / (1 - black))
