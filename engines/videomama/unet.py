"""Predicts windows with the UNet and blends them into one prediction for each frame."""

from __future__ import annotations

import numpy as np

from engines.videomama.cache import make_key
from engines.videomama.latents import LatentStore
from engines.videomama.networks import Latents, frame_noise
from engines.videomama.options import JobOptions
from engines.videomama.plan import ShotPlan, Span, normalised_weights, plan_windows
from engines.videomama.runtime import JobRuntime


class WindowPredictor:
    """Predicted latents by window, through the cache."""

    def __init__(
        self,
        runtime: JobRuntime,
        latents: LatentStore,
        plan: ShotPlan,
        options: JobOptions,
        plan_key: bytes,
    ) -> None:
        self._runtime = runtime
        self._latents = latents
        self._plan = plan
        self._seed = options.seed
        self._feeds_back = options.feed_back
        self._base = make_key(plan_key, options.seed, options.feed_back)
        self._keys: dict[int, bytes] = {}

    def key(self, index: int) -> bytes:
        """Return the window's cache key; its frames must have been ingested."""
        if index not in self._keys:
            span = self._plan.windows[index]
            frames = [self._latents.ingest(frame) for frame in span]
            before = [self.key(index - 1)] if self._fed_frames(index) else []
            self._keys[index] = make_key(self._base, span, *before, *frames)
        return self._keys[index]

    def get(self, index: int) -> Latents:
        """Return the window's prediction, float32 (T, 4, h, w)."""
        key = self.key(index)
        kept = self._runtime.cache.get("windows", index, key)
        if kept is None:
            span = self._plan.windows[index]
            predicted = self._runtime.guarded.run(
                span.start,
                lambda: self._predict(index),
                self._runtime.limits.shrink_window,
                lambda: self._runtime.limits.notice,
            )
            kept = predicted.astype(self._runtime.networks.storage_dtype)
            self._runtime.cache.put("windows", index, key, kept)
        return kept.astype(np.float32)

    def blended(self, span: Span) -> Latents:
        """Return the latents of the frames, blended over the windows that cover each."""
        return blend(self._plan.windows, {i: self.get(i) for i in self._plan.covering(span)}, span)

    def _fed_frames(self, index: int) -> int:
        """Return how many of the window's first frames are conditioned on the prediction of the one before."""
        if not self._feeds_back or index - 1 not in self._plan.active:
            return 0
        return max(self._plan.windows[index - 1].stop - self._plan.windows[index].start, 0)

    def _predict(self, index: int) -> Latents:
        """Predict a window, in parts blended like windows where the batch limit is lower."""
        span = self._plan.windows[index]
        pairs = [self._latents.get(frame) for frame in span]
        rgb = np.stack([pair[0] for pair in pairs])
        mask = np.stack([pair[1] for pair in pairs])
        if shared := self._fed_frames(index):
            # A prediction is the alpha's latents, scaled: neither decoded nor encoded again.
            fed = self.get(index - 1)[-shared:] / self._runtime.networks.scaling
            for place in range(shared):
                if not self._latents.is_empty(span.start + place):
                    mask[place] = fed[place]
        hw = (rgb.shape[2], rgb.shape[3])
        # Numbered within the shot, which so is what it would be as a clip of its own.
        shot = self._plan.windows[0].start
        noise = np.stack([frame_noise(self._seed, frame - shot, hw) for frame in span])
        limit = self._runtime.limits.window
        parts = plan_windows(len(span), limit, limit // 3)
        predicted = {
            number: self._runtime.networks.predict(
                noise[part.start : part.stop],
                rgb[part.start : part.stop],
                mask[part.start : part.stop],
            )
            for number, part in enumerate(parts)
        }
        return blend(parts, predicted, Span(0, len(span)))


def blend(windows: tuple[Span, ...], predicted: dict[int, Latents], span: Span) -> Latents:
    """Return the frames of the span, each the weighted mean of the windows that cover it.

    Args:
        windows: the whole plan.
        predicted: float32 (T, 4, h, w) by index of the window; together they cover every frame.
        span: the frames to return.
    """
    active = sorted(predicted)
    frames = []
    for frame in span:
        total = np.zeros(next(iter(predicted.values())).shape[1:], np.float32)
        for index, share in normalised_weights(windows, active, frame):
            total += np.float32(share) * predicted[index][frame - windows[index].start]
        frames.append(total)
    return np.stack(frames)
