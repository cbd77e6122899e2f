"""Grounding DINO: boxes of everything that a phrase names, for trackers that read no text themselves.

Liu et al., "Grounding DINO", ECCV 2024; through transformers, with `IDEA-Research/grounding-dino-*` weights
(Apache-2.0). It knows nothing of masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.device.placement import error_kind
from engines.weights import FileVerifier, check_loading_info, damaged
from utils.errors import SplazmatteError, UnusablePrompt
from utils.types import Box, Frame

if TYPE_CHECKING:
    import torch

FILES = ("config.json", "tokenizer.json", "model.safetensors")
PARAMETERS = 172_000_000
"""Of the tiny variant; it runs in float32, since its deformable attention is not safe in float16."""
SCORE_THRESHOLD = 0.3
MAXIMUM_BOXES = 20
_SHORT_SIDE, _LONG_SIDE = 800, 1333
_DUPLICATE_IOU = 0.8
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class TextDetector:
    """A loaded Grounding DINO."""

    model: Any
    tokenizer: Any
    device: str

    @property
    def weight_bytes(self) -> int:
        """Bytes of all parameters and buffers."""
        tensors = [*self.model.parameters(), *self.model.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def load_text_detector(folder: Path, verifier: FileVerifier, device: str) -> TextDetector:
    """Load it from a folder.

    Raises:
        ModelFilesError: a file is missing, damaged, or of another model; the text names it.
    """
    from transformers import AutoTokenizer, GroundingDinoForObjectDetection

    verifier.verify(folder, FILES)
    weights = folder / FILES[-1]
    try:
        model, info = GroundingDinoForObjectDetection.from_pretrained(
            folder, output_loading_info=True, local_files_only=True, use_safetensors=True
        )
        # Published files hold position ids that newer classes compute.
        check_loading_info(weights, {**info, "unexpected_keys": ()}, verifier.command)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except SplazmatteError:
        raise
    except Exception as error:
        if error_kind(error) != "other":
            raise
        raise damaged(weights, f"{type(error).__name__}: {error}", verifier.command) from error
    return TextDetector(model.eval().requires_grad_(False).to(device), tokenizer, device)


def find_boxes(detector: TextDetector, image: Frame, phrase: str) -> list[tuple[Box, float]]:
    """Return boxes in pixels of the image with scores in [0, 1], best first, without duplicates.

    Args:
        detector: loaded.
        image: uint8 RGB (H, W, 3).
        phrase: English; one kind of thing.

    Raises:
        UnusablePrompt: the phrase is longer than the text encoder takes.
    """
    import torch

    limit = int(detector.model.config.max_text_len)
    # It was trained on lower-case phrases that end with a full stop.
    tokens = detector.tokenizer([f"{phrase.lower().rstrip('. ')}."], return_tensors="pt")
    count = tokens["input_ids"].shape[1]
    if count > limit:
        raise UnusablePrompt("prompt.text_long", tokens=count, limit=limit)
    pixels = _pixels(image).to(detector.device)
    with torch.inference_mode():
        output = detector.model(
            pixel_values=pixels,
            pixel_mask=torch.ones(pixels.shape[:1] + pixels.shape[2:], dtype=torch.long).to(
                detector.device
            ),
            **{name: value.to(detector.device) for name, value in tokens.items()},
        )
        scores = output.logits[0].float().sigmoid().max(dim=-1).values.cpu().numpy()
        boxes = output.pred_boxes[0].float().cpu().numpy()
    return _distinct(boxes, scores, (image.shape[1], image.shape[0]))


def _pixels(image: Frame) -> torch.Tensor:
    """Return the network's input (1, 3, h, w): short side 800, long side at most 1333, normalised."""
    import torch
    import torch.nn.functional as F

    short, long = sorted(image.shape[:2])
    small = min(float(_SHORT_SIDE), _LONG_SIDE * short / long)
    # The short side is rounded and the long one cut, as transformers' processor does.
    size = [
        round(small) if side == short else int(small * side / short) for side in image.shape[:2]
    ]
    planes = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    resized = F.interpolate(planes, size, mode="bilinear", antialias=True).float() / 255
    mean = torch.tensor(_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(_STD).view(1, 3, 1, 1)
    return (resized - mean) / std


def _distinct(boxes: Any, scores: Any, size_wh: tuple[int, int]) -> list[tuple[Box, float]]:
    """Turn centres and sizes in 0..1 into boxes in pixels; of boxes that nearly coincide the best stays."""
    width, height = size_wh
    kept: list[tuple[Box, float]] = []
    for index in np.argsort(-scores):
        if scores[index] <= SCORE_THRESHOLD or len(kept) == MAXIMUM_BOXES:
            break
        x, y, w, h = (float(value) for value in boxes[index])
        box = Box(
            max((x - w / 2) * width, 0.0),
            max((y - h / 2) * height, 0.0),
            min((x + w / 2) * width, float(width)),
            min((y + h / 2) * height, float(height)),
        )
        is_large_enough = box.x1 - box.x0 >= 1 and box.y1 - box.y0 >= 1
        if is_large_enough and all(box_iou(box, other) < _DUPLICATE_IOU for other, _ in kept):
            kept.append((box, float(scores[index])))
    return kept


def box_iou(one: Box, other: Box) -> float:
    """Return intersection over union of two boxes, in [0, 1]."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    shared = max(width, 0.0) * max(height, 0.0)
    areas = sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in (one, other))
    return shared / (areas - shared) if areas > shared else 0.0
