"""Interactive segmentation of one image by SAM 3 or SAM 2.1: encoded once, then any number of prompts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from engines.base import Instance
from engines.sam import detection
from engines.sam.loading import Network
from engines.sam.prompts import check_text
from engines.sam.tensors import pixels, to_mask, within_range
from utils.mask_utils import check_keyframe_mask
from utils.packed_mask import PackedMask
from utils.prompts import check_prompt
from utils.types import Box, Frame, Mask, Point, Prompt

if TYPE_CHECKING:
    import torch

_KEPT_ANSWERS = 64
"""Clicks whose low-resolution logits are kept for the next click; 0.3 MB each."""
_MASK_LOGIT = 10.0
"""Logit of a certain pixel of a mask prompt; SAM 2's own scale for masks."""

_LARGEST_LOGIT = 32.0
"""Upstream's image predictor clamps logits to this (`sam1_task_predictor.py`)."""

_Clicks: TypeAlias = "tuple[Box | None, tuple[Point, ...]]"
_Concept: TypeAlias = "tuple[str, detection.Examples]"


@dataclass(slots=True)
class _Embedding:
    """What is kept of an image, in main memory: `state` of the vision encoder (1, N, C) for the detector
    (None in SAM 2.1), and the tracker's pyramid, three (1, C, H, W).
    """

    state: torch.Tensor | None
    pyramid: list[torch.Tensor]


@dataclass(slots=True, eq=False)
class SamImage:
    """One image being segmented; see `engines.base.ImageSegmentation`.

    Embeddings stay in main memory between calls, so that an open image takes no GPU memory. An
    answer is a function of the prompt alone: clicks are replayed in order where their logits are not
    kept, so the page's click by click and the command line's all at once agree. The last concept's
    instances are kept too (as bits), so clicks on one of them don't run the detector again.

    Args:
        image: uint8 RGB (H, W, 3).
        network: returns the loaded network; called at each prompt, since engines come and go.
        name: the engine's name for people.
    """

    image: Frame
    network: Callable[[], Network]
    name: str
    _embedding: _Embedding | None = None
    _texts: dict[str, Any] = field(default_factory=dict)
    _answers: OrderedDict[_Clicks, tuple[torch.Tensor, float]] = field(default_factory=OrderedDict)
    _prior_key: bytes = b""
    _found_key: _Concept | None = None
    _found: list[tuple[PackedMask, float]] = field(default_factory=list)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the image, in pixels."""
        height, width = self.image.shape[:2]
        return width, height

    def segment(self, prompt: Prompt) -> list[Instance]:
        """Return instances, best first.

        Text and exemplars find every instance of a concept. Clicks and a box find one object; beside a
        text they choose one of its instances and refine it, beside a mask they refine the mask.

        Raises:
            UnusablePrompt: the prompt is empty, not English, too long, or outside the picture.
            EngineError: the model's answer is not finite.
        """
        network = self.network()
        prompt = check_prompt(
            prompt,
            self.size_wh,
            self.name,
            reads_text=network.detector is not None or network.text_detector is not None,
            finds_similar=network.detector is not None,
        )
        box, examples = prompt.box, (prompt.exemplars, prompt.negative_exemplars)
        prior = (
            check_keyframe_mask(prompt.mask, self.size_wh, 0) if prompt.mask is not None else None
        )
        clicked = bool(prompt.points) or box is not None
        if prompt.text.strip() or prompt.exemplars:
            found = self._find(network, prompt.text, examples)
            if not clicked or not found:
                return found
            prior = detection.chosen_mask(found, prompt.points, box)
        if not clicked:
            return [Instance(prior, 1.0)] if prior is not None else []
        return self._click(network, prompt.points, box, prior)

    def _find(self, network: Network, text: str, examples: detection.Examples) -> list[Instance]:
        phrase = check_text(text) if text.strip() else ""
        if self._found_key != (phrase, examples):
            found = (
                self._detect(network, phrase or detection.EXEMPLAR_TEXT, examples)
                if network.detector is not None
                else self._cut_boxes(network, phrase)
            )
            self._found_key = (phrase, examples)
            self._found = [(PackedMask.of(mask), score) for mask, score in found]
        return [Instance(mask.unpacked(), score, phrase) for mask, score in self._found]

    def _detect(
        self, network: Network, phrase: str, examples: detection.Examples
    ) -> list[tuple[Mask, float]]:
        if phrase not in self._texts:
            self._texts[phrase] = detection.read_text(network, phrase)
        state = self._encoded(network).state
        return detection.detect(network, state, self._texts[phrase], examples, self.size_wh)

    def _cut_boxes(self, network: Network, phrase: str) -> list[tuple[Mask, float]]:
        """Find boxes by the phrase, and segment the object in each."""
        from engines.sam.text_boxes import find_boxes

        assert network.text_detector is not None
        found = find_boxes(network.text_detector, self.image, phrase)
        pyramid = [level.to(network.device) for level in self._encoded(network).pyramid]
        masks = []
        for box, score in found:
            logits, _ = _decode(network, pyramid, self.size_wh, (), box, None)
            masks.append((to_mask(logits[0, 0], self.size_wh, self.name), score))
        return [(mask, score) for mask, score in masks if mask.any()]

    def _click(
        self, network: Network, points: tuple[Point, ...], box: Box | None, prior: Mask | None
    ) -> list[Instance]:
        first = next((i for i, point in enumerate(points) if point.positive), len(points) - 1)
        self._start_from(prior)
        pyramid = [level.to(network.device) for level in self._encoded(network).pyramid]
        previous = _mask_logits(network, prior) if prior is not None else None
        score = 0.0
        start = 0 if box is not None or prior is not None else first + 1
        for count in range(start, len(points) + 1):
            if count == 0 and box is None:
                continue
            key: _Clicks = (box, points[:count])
            if key not in self._answers:
                self._answers[key] = _decode(
                    network, pyramid, self.size_wh, points[:count], box, previous
                )
            previous, score = self._answers[key]
            self._answers.move_to_end(key)
        while len(self._answers) > _KEPT_ANSWERS:
            self._answers.popitem(last=False)
        if previous is None:
            return []
        mask = to_mask(previous[0, 0], self.size_wh, self.name)
        return [Instance(mask, score)] if mask.any() else []

    def _start_from(self, prior: Mask | None) -> None:
        """Discard kept answers that began from another mask."""
        key = np.packbits(prior).tobytes() if prior is not None else b""
        if key != self._prior_key:
            self._answers.clear()
            self._prior_key = key

    def _encoded(self, network: Network) -> _Embedding:
        if self._embedding is None:
            self._embedding = _encode(network, self.image)
        return self._embedding


def _encode(network: Network, image: Frame) -> _Embedding:
    import torch

    with torch.inference_mode():
        features = within_range(network, lambda: _features(network, image))
        tracker = network.tracker
        *levels, state = features if network.detector is not None else [*features, None]
        pyramid = [
            level.permute(1, 2, 0).view(1, -1, *size)
            for level, size in zip(levels, tracker.backbone_feature_sizes, strict=True)
        ]
        pyramid[-1] = pyramid[-1] + tracker.no_memory_embedding.view(1, -1, 1, 1)
        return _Embedding(
            state.cpu() if state is not None else None, [level.cpu() for level in pyramid]
        )


def _features(network: Network, image: Frame) -> list[torch.Tensor]:
    """Return the tracker's levels, each (HW, 1, C), and the vision encoder's last state where there is a detector."""
    values = pixels(network, image)
    if network.detector is None:
        output = network.tracker.get_image_features(values, return_dict=True)
        return list(output.fpn_hidden_states)
    from transformers.modeling_outputs import BaseModelOutput

    state = network.detector.vision_encoder.backbone(values).last_hidden_state
    levels, _ = network.root.get_vision_features_for_tracker(
        BaseModelOutput(last_hidden_state=state)
    )
    return [*levels, state]


def _decode(
    network: Network,
    pyramid: list[torch.Tensor],
    size_wh: tuple[int, int],
    points: tuple[Point, ...],
    box: Box | None,
    previous: torch.Tensor | None,
) -> tuple[torch.Tensor, float]:
    """Run the mask decoder; returns the best logits (1, 1, h, w) in main memory and their score."""
    import torch

    tracker = network.tracker
    prompt = _prompt_tensors(network, size_wh, points, box)
    if previous is not None:
        previous = previous.to(network.device, network.dtype)
    several = len(points) == 1 and box is None and previous is None
    with torch.inference_mode():
        sparse, dense = tracker.prompt_encoder(**prompt, input_masks=previous)
        logits, scores, _, _ = tracker.mask_decoder(
            image_embeddings=pyramid[-1],
            image_positional_embeddings=tracker.get_image_wide_positional_embeddings(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=several,
            high_resolution_features=pyramid[:-1],
        )
        best = int(scores[0, 0].argmax())
        score = min(max(float(scores[0, 0, best]), 0.0), 1.0)
        # The next click takes it as its mask prompt, within the range that upstream allows.
        return logits[:, :, best].float().clamp(-_LARGEST_LOGIT, _LARGEST_LOGIT).cpu(), score


def _prompt_tensors(
    network: Network, size_wh: tuple[int, int], points: tuple[Point, ...], box: Box | None
) -> dict[str, torch.Tensor | None]:
    """Return clicks and a box of a picture of `size_wh` as the prompt encoder's arguments, in its input's pixels."""
    import torch

    width, height = size_wh
    scale = torch.tensor([network.image_size / width, network.image_size / height])
    # Coordinates stay float32 until they are normalised: bf16 resolves pixels only in steps of four.
    coordinates = labels = corners = None
    if points:
        xy = torch.tensor([[point.x, point.y] for point in points], dtype=torch.float32)
        coordinates = (xy * scale)[None, None].to(network.device)
        labels = torch.tensor(
            [[[int(p.positive) for p in points]]], dtype=torch.int32, device=network.device
        )
    if box is not None:
        xy = torch.tensor([[box.x0, box.y0], [box.x1, box.y1]], dtype=torch.float32)
        corners = (xy * scale).view(1, 1, 4).to(network.device)
    return {"input_points": coordinates, "input_labels": labels, "input_boxes": corners}


def _mask_logits(network: Network, mask: Mask) -> torch.Tensor:
    """Return a mask prompt as the decoder's dense prompt: logits (1, 1, h, w)."""
    import torch
    import torch.nn.functional as F

    size = network.tracker.prompt_encoder.mask_input_size
    share = torch.from_numpy(mask.astype(np.float32))[None, None]
    small = F.interpolate(share, tuple(size), mode="bilinear", antialias=True)
    return (small * 2 - 1) * _MASK_LOGIT
