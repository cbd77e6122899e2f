"""Encode exemplar boxes ("everything like this") for SAM 3's detector, without torchvision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def use_own_box_encoder(geometry_encoder: Any) -> None:
    """Let the geometry encoder pool with our `roi_align`; torchvision's is not installed with us."""

    def encode(
        boxes: torch.Tensor,
        boxes_mask: torch.Tensor,
        boxes_labels: torch.Tensor,
        vision_features: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return encode_boxes(geometry_encoder, boxes, boxes_labels, vision_features), boxes_mask

    geometry_encoder._encode_boxes = encode


def encode_boxes(
    encoder: Any, boxes: torch.Tensor, labels: torch.Tensor, features: torch.Tensor
) -> torch.Tensor:
    """Return the boxes' embeddings: the sum of coordinates, pooled features, position encoding and label.

    Args:
        encoder: SAM 3's geometry encoder, of which the learned layers are used.
        boxes: (1, N, 4) float32: centre x, centre y, width, height in 0..1; cast only where a layer
            takes them, since bf16 would move them by whole cells.
        labels: (1, N) 1 for "like this", 0 for "not like this".
        features: (1, C, H, W) normalised vision features.

    Returns:
        (1, N, C).
    """
    import torch

    height, width = features.shape[-2:]
    centre, size = boxes[..., :2], boxes[..., 2:]
    corners = torch.cat([centre - size / 2, centre + size / 2], dim=-1)
    corners = corners * corners.new_tensor([width, height, width, height])
    pooled = roi_align(features[0], corners[0], encoder.roi_size)
    content = encoder.boxes_pool_project(pooled.to(features.dtype)).flatten(1)[None]
    position = encoder._encode_box_coordinates(*boxes[0].unbind(-1))[None].to(features.dtype)
    return (
        encoder.label_embed(labels.long())
        + encoder.boxes_direct_project(boxes.to(features.dtype))
        + content
        + encoder.boxes_pos_enc_project(position)
    )


def roi_align(features: torch.Tensor, corners: torch.Tensor, side: int) -> torch.Tensor:
    """Pool the features under each box to side x side (He et al., Mask R-CNN, 2017, section 3).

    As torchvision's with its defaults: as many samples a bin as it has cells, rounded up, no half-pixel
    shift, a box of at least one cell. Bilinear sampling is separable, so each axis is one matrix.

    Args:
        features: (C, H, W).
        corners: (N, 4) x0, y0, x1, y1 in cells.
        side: bins along each axis.

    Returns:
        (N, C, side, side) float32.
    """
    import torch

    _, height, width = features.shape
    values = features.float()
    pooled = []
    for x0, y0, x1, y1 in corners.float().tolist():
        across = _axis_weights(x0, x1, width, side).to(values.device)
        down = _axis_weights(y0, y1, height, side).to(values.device)
        pooled.append(torch.einsum("ph,chw,qw->cpq", down, values, across))
    return torch.stack(pooled)


def _axis_weights(start: float, stop: float, cells: int, side: int) -> torch.Tensor:
    """Return the (side, cells) weights of one axis: each row averages the samples of one bin."""
    import math

    import torch

    extent = max(stop - start, 1.0)
    samples = math.ceil(extent / side)
    steps = (torch.arange(side * samples, dtype=torch.float32) + 0.5) * extent / (side * samples)
    places = start + steps
    inside = (places >= -1.0) & (places <= cells)
    places = places.clamp(0, cells - 1)
    low = places.floor().long()
    high = (low + 1).clamp(max=cells - 1)
    fraction = places - low
    weights = torch.zeros(side * samples, cells)
    rows = torch.arange(side * samples)
    weights.index_put_((rows, low), 1 - fraction, accumulate=True)
    weights.index_put_((rows, high), fraction, accumulate=True)
    weights *= inside[:, None] / samples
    return weights.view(side, samples, cells).sum(dim=1)
