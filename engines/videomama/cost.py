"""Cost model of VideoMaMa's published weights: operations, memory and time, without loading them.

Operations were counted on diffusers' modules with torch's FLOP counter at 1024x576 (a multiply-add
is two), memory is upstream's peak at that size in 16 bit.
"""

from __future__ import annotations

import os

from engines.videomama.plan import ShotPlan

REFERENCE_PIXELS = 1024 * 576
ENCODE_FLOP = 2.609e12
"""One image, a frame or a mask, through the VAE's encoder."""
DECODE_FLOP = 6.943e12
"""One frame through the VAE's decoder."""
UNET_FLOP = 3.198e12
"""One frame of a window of 24 through the UNet."""

ENCODE_BYTES = 0.7 * 1024**3
UNET_FRAME_BYTES = 5.1 * 1024**3 / 24
DECODE_FRAME_BYTES = 9.0 * 1024**3 / 8

CPU_FLOP_PER_S = 25e9
"""Throughput of one core on these networks in float32: an order of magnitude, see docs."""

TINY_PARAMETERS = 50_000_000
"""Weights below this (test models) run on any CPU; the published ones have 1.6 billion."""


def shot_flop(pixels: int, plan: ShotPlan) -> float:
    """Return the operations of a shot whose canvas has that many pixels."""
    unet_frames = sum(len(plan.windows[index]) for index in plan.active)
    decoded = sum(len(chunk.with_context) for chunk in plan.chunks)
    total = 2 * plan.encoded_frames * ENCODE_FLOP + unet_frames * UNET_FLOP + decoded * DECODE_FLOP
    return total * pixels / REFERENCE_PIXELS


def frame_flop() -> float:
    """Return the operations of one frame at 1024x576 in a long clip (overlap 4 of 24)."""
    return 2 * ENCODE_FLOP + UNET_FLOP * 24 / 20 + DECODE_FLOP


def cpu_seconds(flop: float) -> float:
    """Estimate the seconds this machine's CPU takes for the operations, in float32."""
    return flop / (CPU_FLOP_PER_S * (os.cpu_count() or 1))
