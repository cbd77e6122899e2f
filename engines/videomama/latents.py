"""VAE latents of each frame and its mask, encoded once and cached by content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engines.videomama.cache import Array, make_key
from engines.videomama.geometry import Geometry, frame_to_canvas, mask_to_canvas
from engines.videomama.inputs import FrameReader
from engines.videomama.masks import ClipMasks
from engines.videomama.networks import Latents
from engines.videomama.runtime import JobRuntime
from utils.types import Frame

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class ShotInput:
    """The frames and masks of a clip and how those of one shot are mapped to the canvas.

    `hard_mask`: masks are thresholded again after scaling.
    """

    reader: FrameReader
    masks: ClipMasks
    geometry: Geometry
    hard_mask: bool


class LatentStore:
    """Latents by frame; frames must be asked for in ascending order to be read only once."""

    def __init__(self, runtime: JobRuntime, clip: ShotInput, model_key: bytes) -> None:
        self._runtime = runtime
        self._clip = clip
        self._base = make_key(model_key, clip.geometry, clip.hard_mask)
        self._keys: dict[int, bytes] = {}
        self._last: dict[str, tuple[bytes, Latents]] = {}

    def is_ingested(self, frame: int) -> bool:
        """Return whether the frame was ingested already."""
        return frame in self._keys

    def is_empty(self, frame: int) -> bool:
        """Return whether the frame's mask has no pixel set."""
        return self._clip.masks.is_empty(frame)

    def ingest(self, frame: int) -> bytes:
        """Read the frame, make sure that its latents exist, and return their key."""
        if frame not in self._keys:
            pixels = self._clip.reader.read(frame)
            crop = np.ascontiguousarray(self._clip.geometry.cropped(pixels))
            key = make_key(self._base, crop.tobytes(), self._clip.masks.digest(frame))
            self._keys[frame] = key
            if not self._runtime.cache.has("latents", frame, key):
                self._encode(frame, pixels)
        return self._keys[frame]

    def get(self, frame: int) -> tuple[Latents, Latents]:
        """Return the latents of an ingested frame and of its mask, each float32 (4, h, w)."""
        kept = self._runtime.cache.get("latents", frame, self._keys[frame])
        if kept is None:
            kept = self._encode(frame, self._clip.reader.read(frame))
        latents = kept.astype(np.float32)
        return latents[:4], latents[4:]

    def _encoded(
        self, frame: int, kind: str, key: bytes, image: Callable[[], torch.Tensor]
    ) -> Latents:
        """Return the latents of an image, those of the frame before where it is the same."""
        kept = self._last.get(kind)
        if kept is None or kept[0] != key:
            pixels = image()
            made = self._runtime.guarded.run(frame, lambda: self._runtime.networks.encode(pixels))
            kept = self._last[kind] = key, made
        return kept[1]

    def _encode(self, frame: int, pixels: Frame) -> Array:
        geometry, masks = self._clip.geometry, self._clip.masks
        rgb = self._encoded(
            frame,
            "frame",
            make_key(geometry.cropped(pixels).tobytes()),
            lambda: frame_to_canvas(pixels, geometry),
        )
        mask = self._encoded(
            frame,
            "mask",
            masks.digest(frame),
            lambda: mask_to_canvas(masks.mask(frame), geometry, self._clip.hard_mask),
        )
        latents = np.concatenate([rgb, mask]).astype(self._runtime.networks.storage_dtype)
        self._runtime.cache.put("latents", frame, self._keys[frame], latents)
        return latents
