"""A tiny SAM 3 whose random weights are the same on every machine, and the inputs it is run on.

Used on both sides: by `make_values.py`, which runs Meta's code, and by the test, which runs ours.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

IMAGE_SIZE = 112
PATCH = 14
HIDDEN = 128
HEADS = 2
QUERIES = 5
VISION_WIDTH = 32
TEXT_WIDTH = 32
FEED_FORWARD = 64
SCORING_WIDTH = 64
SIZE_WH = (121, 90)
TEXT = "red car"
EXEMPLAR = (30.0, 20.0, 80.0, 60.0)
CLICKS = (((40.0, 30.0), 1), ((90.0, 70.0), 0), ((60.0, 50.0), 1))
BOX = (30.0, 20.0, 80.0, 60.0)
OBJECT_SCORE_SCALE = 10.0
OBJECT_SCORE_BIAS = -3.2
"""Both chosen so that the object is present in the picture and absent in the hidden frames."""
FRAMES = 20
HIDDEN_FRAMES = range(5, 12)


def picture() -> np.ndarray:
    """Return the image, uint8 RGB (90, 121, 3)."""
    rows, columns = np.mgrid[: SIZE_WH[1], : SIZE_WH[0]]
    noise = np.random.default_rng(3).integers(0, 60, (*SIZE_WH[::-1], 3))
    shade = np.stack([rows * 2, columns, (rows + columns) // 2], axis=-1)
    image = np.clip(shade + noise, 0, 255).astype(np.uint8)
    image[20:60, 30:80] = (200, 40, 30)
    return image


def object_mask() -> np.ndarray:
    """Return the object's mask on the first frame, bool (90, 121)."""
    mask = np.zeros(SIZE_WH[::-1], bool)
    mask[20:60, 30:80] = True
    return mask


def clip() -> list[np.ndarray]:
    """Return a clip in which the object moves, is hidden for some frames, and comes back."""
    image = picture()
    frames = [np.roll(image, 2 * index, axis=1) for index in range(FRAMES)]
    for index in HIDDEN_FRAMES:
        frames[index] = np.full_like(image, 15)
    return frames


def config() -> Any:
    """Return the transformers config of the tiny model, with Meta's hard-coded widths where it has any."""
    from transformers import Sam3VideoConfig

    layer = {
        "hidden_size": HIDDEN,
        "num_layers": 2,
        "num_attention_heads": HEADS,
        "intermediate_size": FEED_FORWARD,
    }
    detector = {
        "model_type": "sam3",
        "vision_config": _vision(),
        "text_config": {
            "model_type": "clip_text_model",
            "vocab_size": 514,
            "hidden_size": TEXT_WIDTH,
            "intermediate_size": 4 * TEXT_WIDTH,
            "projection_dim": TEXT_WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": 32,
            "hidden_act": "gelu",
            "bos_token_id": 512,
            "eos_token_id": 513,
            "pad_token_id": 513,
        },
        "geometry_encoder_config": dict(layer, roi_size=7),
        "detr_encoder_config": dict(layer),
        "detr_decoder_config": dict(layer, num_queries=QUERIES),
        "mask_decoder_config": {"hidden_size": HIDDEN, "num_attention_heads": HEADS},
    }
    tracker = {
        "model_type": "sam3_tracker_video",
        "vision_config": _vision(),
        "image_size": IMAGE_SIZE,
        "prompt_encoder_config": {
            "hidden_size": HIDDEN,
            "image_size": IMAGE_SIZE,
            "patch_size": PATCH,
            "mask_input_channels": 16,
        },
        "mask_decoder_config": {
            "hidden_size": HIDDEN,
            "mlp_dim": 2048,
            "num_hidden_layers": 2,
            "num_attention_heads": 8,
            "iou_head_hidden_dim": 256,
        },
        "memory_attention_hidden_size": HIDDEN,
        "memory_attention_num_layers": 2,
        "memory_attention_feed_forward_hidden_size": FEED_FORWARD,
        "memory_attention_rope_feat_sizes": [8, 8],
        "memory_encoder_hidden_size": HIDDEN,
        "memory_encoder_output_channels": 64,
        "mask_downsampler_embed_dim": HIDDEN,
        "memory_fuser_embed_dim": HIDDEN,
        "memory_fuser_intermediate_dim": 4 * HIDDEN,
        "memory_fuser_num_layers": 2,
    }
    return Sam3VideoConfig(detector_config=detector, tracker_config=tracker, low_res_mask_size=32)


def _vision() -> dict[str, Any]:
    return {
        "model_type": "sam3_vision_model",
        "backbone_config": {
            "model_type": "sam3_vit_model",
            "hidden_size": VISION_WIDTH,
            "intermediate_size": 2 * VISION_WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": IMAGE_SIZE,
            "patch_size": PATCH,
            "window_size": 4,
            "global_attn_indexes": [1],
            "pretrain_image_size": 56,
        },
        "fpn_hidden_size": HIDDEN,
        "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
    }


def weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Return float32 values for every name: a generator of its own for each, so order does not matter."""
    return {name: _values(name, shape) for name, shape in shapes.items()}


def position_matrix() -> np.ndarray:
    """Return the random matrix of the position encoding, which both codes keep as a buffer."""
    return np.asarray(np.random.default_rng(1).standard_normal((2, HIDDEN // 2)), np.float32)


def pixels(image: np.ndarray) -> Any:
    """Return the network's input (1, 3, S, S), as both codes make it: bilinear, antialiased, from bytes."""
    import torch

    planes = torch.from_numpy(image).permute(2, 0, 1)[None]
    small = torch.nn.functional.interpolate(
        planes, (IMAGE_SIZE, IMAGE_SIZE), mode="bilinear", antialias=True
    )
    return (small.float() / 255 - 0.5) / 0.5


def _values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    values = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith("pred_obj_score_head.proj_out.bias"):
        values = np.full(shape, OBJECT_SCORE_BIAS)
    elif name.endswith("pred_obj_score_head.proj_out.weight"):
        values = values * OBJECT_SCORE_SCALE / np.sqrt(np.prod(shape[1:]))
    elif name.endswith("presence_head.layer3.bias"):
        values = np.full(shape, 3.0)
    elif len(shape) >= 2:
        values = values / np.sqrt(np.prod(shape[1:]))
    elif name.endswith("weight"):
        values = 1 + 0.1 * values
    else:
        values = 0.1 * values
    return np.asarray(values, np.float32)


def save(folder: Path) -> Path:
    """Write the model in the layout of a download, tokenizer and receipt included."""
    import safetensors.torch
    import torch
    from transformers import Sam3VideoModel

    from engines.weights import write_receipt
    from tests.engines.tiny_sam3 import byte_tokenizer

    model = Sam3VideoModel(config()).eval()
    shapes = {name: tuple(value.shape) for name, value in model.named_parameters()}
    values = {name: torch.from_numpy(value) for name, value in weights(shapes).items()}
    values |= {
        name: torch.from_numpy(position_matrix())
        for name, _ in model.named_buffers()
        if name.endswith("positional_embedding")
    }
    state = {
        name: values.get(name, value).contiguous() for name, value in model.state_dict().items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = ["Sam3VideoModel"]
    model.config.save_pretrained(folder)
    safetensors.torch.save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    byte_tokenizer().save_pretrained(folder)
    write_receipt(folder, ["model.safetensors"])
    return folder
