"""SAM 3's tracker memory as Meta's predictor keeps it, on top of transformers' tracker.

transformers' tracker leaves out what Meta's code (sam3 0.1.4, `sam3_tracker_base.py` and
`sam3_tracking_predictor.py`) does by default: memory selection (only frames in which the object was seen
stay in memory), the clip's length in the pointers' time encoding, and the order of steps in which a
confirmed mask and a tracked one become memory.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Container
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

MINIMUM_EFFECTIVE_IOU = 0.01
"""A tracked frame with less is not used as memory (`mf_threshold`)."""
_ABSENT_LOGIT = 1024.0


@dataclass(slots=True, eq=False)
class MemorySelection:
    """Which frames of one object, in one direction, are memory: those in which it was seen.

    Frames are counted in the direction of tracking, the confirmed one being 0.

    Args:
        frame_count: frames of the whole clip.
        maximum_frames: the most frames that pointers come from (16 as published).
    """

    frame_count: int
    maximum_frames: int
    effective_iou: dict[int, float] = field(default_factory=dict)

    def record(self, clock: int, presence_logit: float, iou: float) -> None:
        """Note how well the object was seen on a tracked frame: presence, as 0..1, times predicted IoU."""
        presence = 2 / (1 + math.exp(-presence_logit)) - 1 if presence_logit > 0 else 0.0
        self.effective_iou[clock] = presence * iou

    def frames(self, clock: int) -> list[int]:
        """Return the frames that tracking frame `clock` may remember, the latest last.

        The latest frame is always one, seen or not.
        """
        seen = [
            index
            for index, value in self.effective_iou.items()
            if index < clock and value > MINIMUM_EFFECTIVE_IOU
        ]
        kept = sorted(seen)[1 - min(self.frame_count, self.maximum_frames) :]
        return kept if clock - 1 in kept else [*kept, clock - 1]

    def drop(self, frames: Container[int]) -> None:
        """Forget the frames that are not among these."""
        for index in [index for index in self.effective_iou if index not in frames]:
            del self.effective_iou[index]


class MetaTracker:
    """One object's view of the tracker: same weights, memory as `selection` says.

    It must not be shared by two objects: it holds the IoU of the last decoded mask.

    Args:
        tracker: transformers' tracker; it is not changed.
        frame_count: frames of the whole clip.
    """

    def __init__(self, tracker: Any, frame_count: int) -> None:
        self.selection = MemorySelection(frame_count, tracker.config.max_object_pointers_in_encoder)
        self.last_iou = 0.0
        self._view: Any = copy.copy(tracker)
        self._decode = type(tracker)._single_frame_forward
        self._view._single_frame_forward = self._single_frame_forward
        self._view._gather_memory_frame_outputs = self._gather_memory_frame_outputs
        self._view._get_object_pointers = self._get_object_pointers
        self._view._use_mask_as_output = self._use_mask_as_output
        self._view._encode_new_memory = self._encode_new_memory

    def __call__(self, session: Any, pixels: torch.Tensor, clock: int) -> Any:
        """Run one frame of the object's session; see the tracker's `forward`."""
        output = self._view(inference_session=session, frame=pixels, frame_idx=clock)
        if clock in session.output_dict_per_obj[0]["non_cond_frame_outputs"]:
            self.selection.record(
                clock, float(output.object_score_logits.flatten()[0]), self.last_iou
            )
        return output

    def _single_frame_forward(self, *args: Any, **named: Any) -> Any:
        answer = self._decode(self._view, *args, **named)
        self.last_iou = float(answer.iou_scores.float().max())
        return answer

    def _gather_memory_frame_outputs(
        self, session: Any, _index: int, clock: int, _reverse: bool = False
    ) -> list[tuple[int, Any]]:
        """Return (place in time, output) of the confirmed frame and of the latest remembered ones."""
        outputs = session.output_dict_per_obj[0]
        tracked = outputs["non_cond_frame_outputs"]
        frames = self.selection.frames(clock)[1 - self._view.num_maskmem :]
        remembered = [
            (len(frames) - place, tracked.get(frame)) for place, frame in enumerate(frames)
        ]
        return [(0, output) for output in outputs["cond_frame_outputs"].values()] + remembered

    def _get_object_pointers(
        self, session: Any, _index: int, clock: int, _total: int, device: Any, *_: Any, **__: Any
    ) -> tuple[list[int], list[torch.Tensor], int]:
        """Return the pointers' places in time, the pointers, and the number that normalises the places.

        The place is a frame's rank, not its distance, and the earliest remembered frame gives no
        pointer; both as upstream.
        """
        outputs = session.output_dict_per_obj[0]
        places = [clock - frame for frame in outputs["cond_frame_outputs"]]
        pointers = [output["object_pointer"] for output in outputs["cond_frame_outputs"].values()]
        frames = self.selection.frames(clock)
        limit = min(self.selection.frame_count, self.selection.maximum_frames)
        for rank in range(1, min(limit, len(frames))):
            output = outputs["non_cond_frame_outputs"].get(frames[-rank])
            if output is not None:
                places.append(rank)
                pointers.append(output["object_pointer"])
        return places, [pointer.to(device) for pointer in pointers], limit

    def _use_mask_as_output(
        self, features: torch.Tensor, fine: list[torch.Tensor], mask: torch.Tensor
    ) -> Any:
        """Make a confirmed mask (1, 1, H, W) of the clip's size the frame's output."""
        from torch.nn.functional import interpolate

        view = self._view
        low = tuple(view.prompt_encoder.mask_input_size)
        share = mask.float()
        # The pointer comes from soft edges at four times the logits' size, whatever the network's size.
        soft = interpolate(share, tuple(4 * side for side in low), mode="bilinear", antialias=True)
        answer = view._single_frame_forward(
            input_masks=view.mask_downsample(soft.to(features.dtype)),
            image_embeddings=[*fine, features],
            multimask_output=False,
        )
        present = bool((mask > 0.5).any())
        pointer = (
            answer.object_pointer
            if present
            else view.no_object_pointer[None].expand_as(answer.object_pointer)
        )
        certain = (share > 0.5).float() * (2 * _ABSENT_LOGIT) - _ABSENT_LOGIT
        logits = interpolate(certain, low, mode="bilinear", antialias=True)
        large = (view.image_size, view.image_size)
        answer.object_pointer = pointer
        answer.pred_masks = logits.to(features.dtype)
        answer.high_res_masks = interpolate(logits, large, mode="bilinear").to(features.dtype)
        answer.object_score_logits = answer.object_score_logits.new_full(
            answer.object_score_logits.shape, 10.0 if present else -10.0
        )
        return answer

    def _encode_new_memory(
        self,
        current_vision_feats: torch.Tensor,
        pred_masks_high_res: torch.Tensor,
        object_score_logits: torch.Tensor,
        is_mask_from_pts: bool,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a mask (1, 1, S, S) as memory: squashed to 0..1 first, resized for the encoder then."""
        import torch
        from torch.nn.functional import interpolate

        view, config = self._view, self._view.config
        logits = pred_masks_high_res.float()
        share = (logits > 0).float() if is_mask_from_pts else torch.sigmoid(logits)
        share = share * config.sigmoid_scale_for_mem_enc + config.sigmoid_bias_for_mem_enc
        size = tuple(4 * side for side in view.prompt_encoder.mask_input_size)
        if tuple(share.shape[-2:]) != size:
            share = interpolate(share, size, mode="bilinear", antialias=True)
        plane = current_vision_feats.permute(1, 2, 0)
        plane = plane.view(*plane.shape[:2], *view.backbone_feature_sizes[-1])
        features, places = view.memory_encoder(plane, share.to(plane.dtype))
        if float(object_score_logits.flatten()[0]) <= 0:
            features = features + view.occlusion_spatial_embedding_parameter[..., None, None]
        features = features.to(torch.bfloat16).flatten(2).permute(2, 0, 1)
        return features, places.to(plane.dtype).flatten(2).permute(2, 0, 1)
