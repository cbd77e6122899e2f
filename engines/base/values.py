"""What engines declare about themselves and return for a frame: plain values; nothing here runs."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from utils.types import Alpha, Mask, Message


class Capability(enum.Enum):
    """What an engine can do."""

    TEXT = "text"
    POINTS = "points"
    BOX = "box"
    EXEMPLARS = "exemplars"
    TRACK = "track"
    MATTE = "matte"
    EVERYONE = "everyone"
    """Mattes without a mark: `process` with an empty guide finds the people, or the main object, by itself."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Where an engine is chosen when nobody names one: the highest available wins, 0 is never chosen.

    `segment` counts for finding and tracking the target, the others for matting, by the device.
    """

    segment: int = 0
    matte_on_cpu: int = 0
    matte_on_gpu: int = 0
    where_it_agrees: int = 0
    """Matting on a CPU, before all others, where a `TargetCheck` says that the engine suits the target."""
    everyone: int = 0
    """Matting everybody, without a mark."""
    quick_preview: int = 0
    """A small preview of a clip just uploaded, without a mark."""


class Seam(enum.Enum):
    """Where a clip may be divided into parts whose mattes, each made by itself, equal those of the whole."""

    START = "start"
    """At the start frame: each direction is run by itself."""
    KEY_FRAMES = "key_frames"
    """At every confirmed mask: the engine starts again there, in the direction away from the start frame."""
    CUTS = "cuts"
    """Where `utils.scene_cut.CutDetector` finds a cut: the engine starts again there, in either direction.

    Without `START`: an engine that works forwards only and starts again there, with a mask of every frame.
    """


@dataclass(frozen=True, slots=True)
class Instance:
    """One found object: mask bool (H, W) of the image's size, score in [0, 1], label as prompted."""

    mask: Mask
    score: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class TrackedFrame:
    """Masks of one frame by object id, each bool (H, W), and how confident the tracker is, in [0, 1]."""

    index: int
    masks: Mapping[int, Mask]
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class MattedFrame:
    """Alpha of one frame, float32 (H, W) in [0, 1], and the engine's confidence in [0, 1]."""

    index: int
    alpha: Alpha
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether what an engine finds by itself agrees with a target's masks, and the sentence that tells a user so."""

    agrees: bool
    reason: Message
