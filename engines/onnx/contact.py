"""What of an alpha is the target's beside somebody who touches it; pure array work on reduced frames.

There a network that mattes people tells nothing of whose is what: the tracked mask and the colours decide.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from engines.onnx import target_colour
from engines.onnx.target_colour import Colours
from utils.mask_utils import component_sums, components, dilate, erode, inner_distance
from utils.types import FloatMap, Mask

_REACH_PX = 5.0
"""Distance from the tracked mask, in pixels of the frame, at which alpha ends beside somebody."""
_BESIDE_PX = 30.0
"""Distance from somebody, in pixels of the frame, up to which it ends there."""
_TAKEN_PX = 60.0
"""The same distance up to which colours say what of the mask is not the target."""
_STRAND_RADIUS = 3
"""Half the width, in reduced pixels, of what is too narrow for a part of the target: a seam or a buckle in its colours."""

_NOTCH_RADIUS = 4
"""Half the width, in reduced pixels, of what colours take from a contour by mistake: a notch where both are alike."""
_SEAM = 2
"""Reduced pixels beside what is left of the mask in which colours take a part; farther away they take all, or specks stay."""

_PRESENT = 0.05
"""Alpha from which something is left."""
_ISLAND_AREA = 49
"""Reduced pixels up to which a part that is left apart from the rest is an island."""
_ISLAND_COAST = 2
"""Reduced pixels around an island in which the network's alpha tells what it was part of."""


def gate_beside_others(
    gate: FloatMap, distance_px: FloatMap, others: Mask, colours: Colours | None, scale: float
) -> FloatMap:
    """Return what the alpha is multiplied with, closed nearer to the mask beside others.

    The target's own colours keep it open beyond the mask, and those of the surroundings close it inside, near the contour.

    Args:
        gate: what it is without others, float32 (h, w) in [0, 1].
        distance_px: distance from the mask in pixels of the frame, float32 (h, w), 0 inside.
        others: what is matted of those who touch the target, bool (h, w).
        colours: of the target and its surroundings; None leaves them out.
        scale: pixels of the frame to a reduced one.
    """
    if not others.any():
        return gate
    inside = distance_px == 0.0
    away_px = inner_distance(~others) * np.float32(scale)
    beside = cv2.blur((away_px < _BESIDE_PX).astype(np.float32), (3, 3))
    if colours is not None:
        own = target_colour.own_colours(colours)
        own *= _without_strands(inside | (own > 0.5))
        beside *= 1.0 - _joined(own, inside)
    tight = np.clip((_REACH_PX - distance_px) / _REACH_PX, 0.0, 1.0)
    gate = np.asarray(gate + beside * (np.minimum(gate, tight) - gate), np.float32)
    if colours is not None:
        reach = math.ceil(_REACH_PX / scale)
        gate *= 1.0 - _taken(colours, inside, away_px < _TAKEN_PX, reach)
    return gate


def without_islands(gate: FloatMap, alpha: FloatMap) -> FloatMap:
    """Return the gate closed on small parts that it alone leaves apart: they are of somebody who was cut away around them.

    A strand of hair lies apart in the network's alpha as well.

    Args:
        gate: what the alpha is multiplied with, float32 (h, w) in [0, 1].
        alpha: the network's, float32 (h, w).
    """
    labels, areas = components(alpha * gate > _PRESENT)
    is_island = areas <= _ISLAND_AREA
    is_island[0] = False
    if not is_island.any():
        return gate
    islands = np.where(is_island[labels], labels, 0).astype(np.float32)
    side = 2 * _ISLAND_COAST + 1
    near = cv2.dilate(islands, np.ones((side, side), np.uint8)).astype(np.int32)
    coast = np.where(labels == 0, near, 0)
    matted = component_sums(alpha > 0.5, coast, areas)
    lengths = component_sums(coast > 0, coast, areas)
    cut_out = is_island & (matted > 0.5 * lengths)
    if not cut_out.any():
        return gate
    return gate * ~dilate(cut_out[labels], 1)


def _taken(colours: Colours, inside: Mask, near: Mask, reach: int) -> FloatMap:
    """Return what the mask loses, float32 (h, w) in [0, 1]: others' colours, strands that these leave, and what lies beyond.

    Args:
        colours: of the target and its surroundings.
        inside: the tracked mask, bool (h, w).
        near: where somebody is near, bool (h, w).
        reach: reduced pixels beyond the mask in which all goes with a part that it loses.
    """
    taken = _joined(target_colour.taken_from_mask(colours, inner_distance(inside)), ~inside) * near
    left = inside & (taken < 0.5)
    taken[inside & erode(dilate(left, _NOTCH_RADIUS), _NOTCH_RADIUS)] = 0.0
    left = inside & (taken < 0.5)
    beside_taken = dilate(inside & ~left, _STRAND_RADIUS)
    taken[left & ~_without_strands(left) & beside_taken] = 1.0
    lost = inside & (taken >= 0.5)
    seam = dilate(inside & ~lost, _SEAM)
    # A bulge over somebody's jacket goes with what lies beyond it, or a speck stays there.
    taken[((taken >= 0.5) | (~inside & dilate(lost, reach))) & ~seam] = 1.0
    return np.asarray(cv2.blur(taken, (3, 3)), np.float32)


def _without_strands(mask: Mask) -> Mask:
    return dilate(erode(mask, _STRAND_RADIUS), _STRAND_RADIUS)


def _joined(values: FloatMap, inside: Mask) -> FloatMap:
    """Return the values, float32 (h, w) in [0, 1], where they hang together with the mask; 0 elsewhere."""
    labels, areas = components(inside | (values > 0.5))
    joined = component_sums(inside, labels, areas) > 0
    joined[0] = False
    return np.asarray(values * joined[labels], np.float32)
