"""Streaming video object segmentation with SAM 3 or SAM 2.1; memory does not grow with the clip."""

from __future__ import annotations

import itertools
from collections.abc import Container, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engines.base import FrameSource, RunContext, TrackedFrame
from engines.sam.loading import SAM3, Network
from engines.sam.memory import MetaTracker
from engines.sam.parts import connected_parts
from engines.sam.tensors import pixels, to_mask, within_range
from utils.errors import UnusablePrompt
from utils.mask_utils import check_keyframe_mask
from utils.prefetch import ahead
from utils.scene_cut import CutDetector
from utils.types import Frame, Mask, Message

if TYPE_CHECKING:
    import torch

Masks = Mapping[int, Mapping[int, Mask]]
"""Masks by frame index and object id."""


def track(
    network: Network, name: str, frames: FrameSource, masks: Masks, start: int, context: RunContext
) -> Generator[TrackedFrame, None, None]:
    """Yield every frame once: start-1 … 0 first, then start … the last; see `Tracker.track_video`.

    Raises:
        UnusablePrompt: frame `start` has no mask, or a mask is empty there or of another size.
    """
    if not masks.get(start):
        raise UnusablePrompt("prompt.mask_missing", frame=start + context.first)
    for mask in masks[start].values():
        check_keyframe_mask(mask, frames.size_wh, start + context.first)
    done = 0
    passes: tuple[tuple[int, Literal[1, -1]], ...] = ((-1, -1), (len(frames), 1))
    for stop, step in passes:
        if step < 0 and start == 0:
            continue
        with closing(
            _one_way(network, name, frames, masks, (start, stop, step), context)
        ) as results:
            for result in results:
                if step < 0 and result.index == start:
                    continue
                done += 1
                context.report("track", done, len(frames))
                yield result


def _one_way(
    network: Network,
    name: str,
    frames: FrameSource,
    masks: Masks,
    span: tuple[int, int, Literal[1, -1]],
    context: RunContext,
) -> Generator[TrackedFrame, None, None]:
    start, stop, step = span
    objects: dict[int, list[ObjectMemory]] = {}
    cuts = CutDetector()
    # Frames are decoded while the network works.
    source = ahead(lambda: frames.read(start, stop, step))
    with closing(source):  # type: ignore[type-var]
        for clock, frame in enumerate(source):
            context.check_cancelled()
            index = start + step * clock
            given = {
                number: _sized(mask, frames.size_wh)
                for number, mask in masks.get(index, {}).items()
            }
            if cuts.is_cut(frame):
                context.on_notice(Message("track.scene_cut", {"frame": index + context.first}))
                for memory in itertools.chain.from_iterable(objects.values()):
                    memory.clear_tracked()
            parts = {number: connected_parts(mask) for number, mask in given.items()}
            for number, masks_of_parts in parts.items():
                objects[number] = [ObjectMemory(network, len(frames)) for _ in masks_of_parts]
            frame_step = _Step(frame, index, index + context.first, clock, given, parts)
            yield _run_step(network, name, objects, frame_step)


@dataclass(frozen=True, slots=True)
class _Step:
    """One frame of a pass: uint8 RGB (H, W, 3), its index in the range, and how many came before it.

    `number` is its number in the clip, for messages. `confirmed` are the masks given for it by object id, `parts` the same in their connected parts.
    """

    frame: Frame
    index: int
    number: int
    clock: int
    confirmed: Mapping[int, Mask]
    parts: Mapping[int, list[Mask]]


def _run_step(
    network: Network, name: str, objects: Mapping[int, list[ObjectMemory]], step: _Step
) -> TrackedFrame:
    """Run one frame: the vision encoder once, then each part of each object by itself."""
    features = _vision_features(network, step.frame)
    size_wh = (step.frame.shape[1], step.frame.shape[0])
    found: dict[int, Mask] = {}
    confidence = 1.0
    for number, memories in objects.items():
        given = step.parts.get(number, [None] * len(memories))
        answers = [
            memory.step(features, step.clock, mask)
            for memory, mask in zip(memories, given, strict=True)
        ]
        if number in step.confirmed:
            found[number] = step.confirmed[number]
            continue
        found[number] = np.logical_or.reduce(
            [
                to_mask(answer.logits, size_wh, name, step.number, network.kind.speck_area)
                for answer in answers
            ]
        )
        confidence = min(confidence, *(answer.confidence for answer in answers))
    return TrackedFrame(step.index, found, confidence)


@dataclass(frozen=True, slots=True)
class Answer:
    """One object on one frame: low-resolution logits (h, w) and the tracker's confidence in [0, 1]."""

    logits: torch.Tensor
    confidence: float


@dataclass(slots=True, eq=False)
class ObjectMemory:
    """The tracker's memory of one object in one direction.

    One session an object: a correction starts a fresh one, so it wins over everything seen before, and
    no object's corrections touch another's memory (upstream encodes the memories of all objects of a
    session in one batch, and one confirmed mask there hardens the others' too).
    """

    network: Network
    frame_count: int
    _session: Any = None
    _meta: MetaTracker | None = None

    def step(self, features: _Features, clock: int, mask: Mask | None) -> Answer:
        """Go on by one frame; `clock` counts frames in this direction, `mask`, bool (H, W), confirms the object."""
        import torch

        if self._session is None:
            self._session = _new_session(self.network)
            if self.network.kind is SAM3:
                self._meta = MetaTracker(self.network.tracker, self.frame_count)
        session = self._session
        if session.dtype != self.network.dtype:
            _convert(session, self.network.dtype)
        index = session.obj_id_to_idx(1)
        if mask is not None:
            given = _square_mask(self.network, mask) if self._meta is None else _as_tensor(mask)
            session.add_mask_inputs(index, clock, given)
            session.obj_with_new_inputs.append(1)
        session.cache.cache_vision_features(clock, features.as_cached())
        with torch.inference_mode():
            if self._meta is None:
                output = self.network.tracker(
                    inference_session=session, frame=features.pixels, frame_idx=clock
                )
            else:
                output = self._meta(session, features.pixels, clock)
            prune(session, clock, *self._later_frames(clock + 1))
            return _answer(output)

    def _later_frames(self, clock: int) -> tuple[Container[int], Container[int]]:
        """Return the tracked frames whose pointers, and whose memories, frame `clock` or later reads."""
        memories = self.network.tracker.num_maskmem
        if self._meta is not None:
            frames = self._meta.selection.frames(clock)
            self._meta.selection.drop(frames)
            return frames, frames[1 - memories :]
        # The last `num_maskmem` frames and `max_object_pointers_in_encoder` (7 and 16 as published).
        pointers = self.network.tracker.config.max_object_pointers_in_encoder
        first = clock + 1 - max(pointers, memories)
        return range(first, clock), range(clock + 1 - memories, clock)

    def clear_tracked(self) -> None:
        """Drop tracked frames and keep confirmed ones: a new scene shares no motion with the old."""
        if self._session is not None:
            for outputs in self._session.output_dict_per_obj.values():
                outputs["non_cond_frame_outputs"].clear()
        if self._meta is not None:
            self._meta.selection.drop(())


def prune(
    session: Any, clock: int, pointer_frames: Container[int], memory_frames: Container[int]
) -> None:
    """Drop what no later frame reads; results stay bit-identical.

    Args:
        session: one object's.
        clock: the frame that was just tracked.
        pointer_frames: tracked frames whose object pointers later frames read.
        memory_frames: tracked frames whose memories later frames read.
    """
    for seen in [key for key in session.processed_frames if key <= clock]:
        del session.processed_frames[seen]
    session.cache.clear_all()
    for index, outputs in session.output_dict_per_obj.items():
        tracked = outputs["non_cond_frame_outputs"]
        for key in [key for key in tracked if key not in pointer_frames]:
            del tracked[key]
        for key, value in tracked.items():
            _drop(value, "high_res_masks", "pred_masks")
            if key not in memory_frames:
                _drop(value, "maskmem_features", "maskmem_pos_enc")
        for value in outputs["cond_frame_outputs"].values():
            _drop(value, "high_res_masks")
        for inputs in (
            session.point_inputs_per_obj[index],
            session.mask_inputs_per_obj[index],
            session.frames_tracked_per_obj[index],
        ):
            for key in [key for key in inputs if key <= clock]:
                del inputs[key]


@dataclass(frozen=True, slots=True)
class _Features:
    """One frame: normalised pixels (1, 3, S, S), and per level features and position encodings, each (HW, 1, C)."""

    pixels: torch.Tensor
    levels: list[torch.Tensor]
    positions: list[torch.Tensor]

    def as_cached(self) -> dict[str, list[torch.Tensor]]:
        """Return the entry of a session's cache, in lists of its own."""
        return {"vision_feats": list(self.levels), "vision_pos_embeds": list(self.positions)}


def _vision_features(network: Network, frame: Frame) -> _Features:
    import torch

    def encode() -> list[torch.Tensor]:
        values = pixels(network, frame)
        output = network.tracker.get_image_features(values, return_dict=True)
        return [values, *output.fpn_hidden_states, *output.fpn_position_encoding]

    with torch.inference_mode():
        values, *rest = within_range(network, encode)
    levels = len(rest) // 2
    return _Features(values, rest[:levels], rest[levels:])


def _new_session(network: Network) -> Any:
    from transformers.models.sam3_tracker_video.modeling_sam3_tracker_video import (
        Sam3TrackerVideoInferenceSession,
    )

    return Sam3TrackerVideoInferenceSession(
        video=None,
        inference_device=network.device,
        inference_state_device=network.device,
        video_storage_device=network.device,
        dtype=network.dtype,
    )


def _convert(session: Any, dtype: torch.dtype) -> None:
    """Give what the session remembers the precision that the network has now."""
    session.dtype = dtype
    for outputs in session.output_dict_per_obj.values():
        for frames in outputs.values():
            for output in frames.values():
                output.update({key: value.to(dtype) for key, value in output.items()})


def _as_tensor(mask: Mask) -> torch.Tensor:
    """Return the mask as it is, 0 or 1, (1, 1, H, W)."""
    import torch

    return torch.from_numpy(mask.astype(np.float32))[None, None]


def _square_mask(network: Network, mask: Mask) -> torch.Tensor:
    """Return the mask resized to the network's square, 0 or 1, (1, 1, S, S)."""
    import torch
    import torch.nn.functional as F

    side = network.image_size
    share = torch.from_numpy(mask.astype(np.float32))[None, None]
    small = F.interpolate(share, (side, side), mode="bilinear", antialias=True)
    return (small >= 0.5).float()


def _answer(output: Any) -> Answer:
    """Confidence is presence times stability: how little the mask changes with its threshold."""
    logits = output.pred_masks[0, 0].float()
    presence = float(output.object_score_logits.float().sigmoid().flatten()[0])
    if presence < 0.5:
        return Answer(logits, 0.0)
    loose = int((logits > -1).sum())
    stability = int((logits > 1).sum()) / loose if loose else 0.0
    return Answer(logits, presence * stability)


def _sized(mask: Mask, size_wh: tuple[int, int]) -> Mask:
    """Return a mask of the clip's own size; an empty one means that the object has left."""
    width, height = size_wh
    if mask.shape != (height, width):
        raise UnusablePrompt(
            "prompt.mask_size",
            mask_width=mask.shape[-1],
            mask_height=mask.shape[0],
            width=width,
            height=height,
        )
    return np.ascontiguousarray(mask, dtype=bool)


def _drop(values: dict[str, Any], *keys: str) -> None:
    for key in keys:
        values.pop(key, None)
