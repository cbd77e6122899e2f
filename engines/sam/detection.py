"""SAM 3's detector: every instance of a phrase, or of what example boxes show; keeps no state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from engines.base import Instance
from engines.sam.loading import SPECK_AREA, Network
from engines.sam.tensors import check_finite, to_mask
from engines.sam.text_boxes import box_iou
from utils.errors import UnusablePrompt
from utils.mask_utils import bounding_box
from utils.types import Box, Mask, Point

if TYPE_CHECKING:
    import torch

EXEMPLAR_TEXT = "visual"
"""The text that upstream gives where boxes alone are the prompt."""
MAXIMUM_TOKENS = 32
"""The text encoder's length in tokens, start and end included."""
SCORE_THRESHOLD = 0.5
"""Upstream's own threshold on presence times query score."""
MAXIMUM_INSTANCES = 50
Examples: TypeAlias = "tuple[tuple[Box, ...], tuple[Box, ...]]"
"""Boxes, in pixels, around what is wanted, and around what is not."""
_PADDING_LABEL = -10
"""transformers' label of a box that only fills up a batch."""


def read_text(network: Network, phrase: str) -> tuple[Any, torch.Tensor]:
    """Return the phrase's features and its token mask (1, 32), both in main memory.

    Raises:
        UnusablePrompt: it is longer than the text encoder takes.
    """
    import torch

    count = len(network.tokenizer(phrase)["input_ids"])
    if count > MAXIMUM_TOKENS:
        raise UnusablePrompt("prompt.text_long", tokens=count, limit=MAXIMUM_TOKENS)
    tokens = network.tokenizer(
        [phrase], padding="max_length", max_length=MAXIMUM_TOKENS, return_tensors="pt"
    ).to(network.device)
    with torch.inference_mode():
        features = network.detector.get_text_features(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
        )
    return features.pooler_output.cpu(), tokens["attention_mask"].cpu()


@dataclass(frozen=True, slots=True)
class DetectorAnswer:
    """What the detector gives for its N queries, float32: mask logits (N, h, w), logits (N,), presence (1,)."""

    masks: torch.Tensor
    logits: torch.Tensor
    presence: torch.Tensor


def detect(
    network: Network,
    state: torch.Tensor | None,
    text: tuple[Any, torch.Tensor],
    examples: Examples,
    size_wh: tuple[int, int],
) -> list[tuple[Mask, float]]:
    """Return masks, bool (H, W), with scores in [0, 1], best first.

    Args:
        network: with a detector.
        state: the vision encoder's last state of the image, (1, N, C).
        text: what `read_text` returned.
        examples: boxes, in pixels, around what is wanted, and around what is not.
        size_wh: the image's size in pixels.

    Raises:
        EngineError: a score or a logit is not finite.
    """
    import torch

    answer = raw_answer(network, state, text, examples, size_wh)
    with torch.inference_mode():
        scores = answer.logits.sigmoid() * answer.presence.sigmoid()
        check_finite(scores, "SAM 3")
        order = scores.argsort(descending=True)[:MAXIMUM_INSTANCES]
        kept = [index for index in order.tolist() if float(scores[index]) > SCORE_THRESHOLD]
        return _masks(answer.masks, scores, kept, size_wh)


def raw_answer(
    network: Network,
    state: torch.Tensor | None,
    text: tuple[Any, torch.Tensor],
    examples: Examples,
    size_wh: tuple[int, int],
) -> DetectorAnswer:
    """Return the detector's answer to a text and examples; arguments as `detect`."""
    import torch
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    if state is None:
        raise ValueError("the image was encoded without a detector")
    features, mask = text
    with torch.inference_mode():
        output = network.detector(
            vision_embeds=_vision_output(network, state.to(network.device)),
            text_embeds=BaseModelOutputWithPooling(pooler_output=features.to(network.device)),
            attention_mask=mask.to(network.device),
            **_boxes(network, examples, size_wh),
        )
        return DetectorAnswer(
            output.pred_masks[0].float(),
            output.pred_logits[0].float().flatten(),
            output.presence_logits[0].float().flatten(),
        )


def _masks(
    logits: torch.Tensor, scores: torch.Tensor, kept: list[int], size_wh: tuple[int, int]
) -> list[tuple[Mask, float]]:
    """Enlarge one mask at a time: 200 full-HD float masks would take 1.6 GB."""
    found = [
        (to_mask(logits[index], size_wh, "SAM 3", speck_area=SPECK_AREA), float(scores[index]))
        for index in kept
    ]
    return [(mask, score) for mask, score in found if mask.any()]


def _vision_output(network: Network, state: torch.Tensor) -> Any:
    """Rebuild what the vision encoder returns from its last state; the neck costs little."""
    from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

    vision = network.detector.vision_encoder
    side = network.image_size // vision.config.backbone_config.patch_size
    plane = state.view(1, side, side, -1).permute(0, 3, 1, 2)
    pyramid, positions = vision.neck(plane)
    return Sam3VisionEncoderOutput(
        last_hidden_state=state, fpn_hidden_states=pyramid, fpn_position_encoding=positions
    )


def _boxes(
    network: Network, examples: Examples, size_wh: tuple[int, int]
) -> dict[str, torch.Tensor]:
    import torch

    width, height = size_wh
    wanted, unwanted = examples
    rows = [
        [(b.x0 + b.x1) / 2 / width, (b.y0 + b.y1) / 2 / height, (b.x1 - b.x0) / width, (b.y1 - b.y0) / height]
        for b in (*wanted, *unwanted)
    ]  # fmt: skip
    # Meta's code always encodes a geometric prompt, an empty one too, and its class token joins the text.
    # transformers skips an empty one; a box that is marked as padding gives the class token alone.
    labels = [1] * len(wanted) + [0] * len(unwanted) or [_PADDING_LABEL]
    rows = rows or [[0.5, 0.5, 0.1, 0.1]]
    boxes = torch.tensor([rows], dtype=torch.float32, device=network.device)
    named = torch.tensor([labels], dtype=torch.long, device=network.device)
    return {"input_boxes": boxes, "input_boxes_labels": named}


def chosen_mask(found: list[Instance], points: tuple[Point, ...], box: Box | None) -> Mask:
    """Return the mask, bool (H, W), of the instance that agrees best with the clicks and the box."""

    def agreement(instance: Instance) -> float:
        mask = instance.mask
        height, width = mask.shape
        votes = 0.0
        for point in points:
            hit = mask[min(int(point.y), height - 1), min(int(point.x), width - 1)]
            votes += float(hit == point.positive)
        extent = bounding_box(mask)
        if box is not None and extent is not None:
            votes += box_iou(box, Box(*(float(value) for value in extent)))
        return votes + instance.score * 1e-3

    return max(found, key=agreement).mask
