"""The latents of each frame and its mask: encoded once, kept in the cache, found again by content."""

from __future__ import annotations

import numpy as np

from engines.base import FrameSource
from engines.videomama.cache import Array, WorkCache, make_key
from engines.videomama.geometry import Geometry, frame_to_canvas, mask_to_canvas
from engines.videomama.guarded_call import GuardedCalls
from engines.videomama.inputs import FrameReader
from engines.videomama.masks import MaskBook
from engines.videomama.networks import Latents, Networks
from utils.types import Frame


class LatentStore:
    """Latents by frame; frames must be asked for in ascending order to be read only once."""

    def __init__(
        self,
        networks: Networks,
        guarded: GuardedCalls,
        cache: WorkCache,
        frames: FrameSource,
        masks: MaskBook,
        geometry: Geometry,
        hard_mask: bool,
        model_key: bytes,
    ) -> None:
        self._networks = networks
        self._guarded = guarded
        self._cache = cache
        self._reader = FrameReader(frames)
        self._masks = masks
        self._geometry = geometry
        self._hard_mask = hard_mask
        self._base = make_key(model_key, geometry, hard_mask)
        self._keys: dict[int, bytes] = {}

    def close(self) -> None:
        """Stop reading the clip."""
        self._reader.close()

    def knows(self, frame: int) -> bool:
        """Tell whether the frame was taken in already."""
        return frame in self._keys

    def take_in(self, frame: int) -> bytes:
        """Read the frame, see that its latents are there, and return their key."""
        if frame not in self._keys:
            pixels = self._reader.read(frame)
            crop = np.ascontiguousarray(self._geometry.cropped(pixels))
            key = make_key(self._base, crop.tobytes(), self._masks.digest(frame))
            self._keys[frame] = key
            if not self._cache.has("latents", frame, key):
                self._encode(frame, pixels)
        return self._keys[frame]

    def get(self, frame: int) -> tuple[Latents, Latents]:
        """Return the latents of a frame taken in, and of its mask, each float32 (4, h, w)."""
        kept = self._cache.get("latents", frame, self._keys[frame])
        if kept is None:
            kept = self._encode(frame, self._reader.read(frame))
        latents = kept.astype(np.float32)
        return latents[:4], latents[4:]

    def _encode(self, frame: int, pixels: Frame) -> Array:
        mask = self._masks.mask(frame)
        images = (
            frame_to_canvas(pixels, self._geometry),
            mask_to_canvas(mask, self._geometry, self._hard_mask),
        )

        def encode() -> Latents:
            return np.concatenate([self._networks.encode(image) for image in images])

        latents = self._guarded.run(frame, encode).astype(self._networks.storage_dtype)
        self._cache.put("latents", frame, self._keys[frame], latents)
        return latents
