"""A tiny random VideoMaMa and VAE in the real file layout, for tests without weights.

`build_tiny_videomama(folder)` writes what `download_models.sh videomama` would, under the settings'
default folder names, in about a second. A random model knows nothing: tests look at shapes, equality
and state.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from config import Settings
from engines.videomama.loading import UNET_FILES, VAE_FILES
from engines.weights import write_receipt
from utils.types import Frame, Mask

UNET_FOLDER = "videomama"
VAE_FOLDER = "stable-video-diffusion-img2vid-xt"

UNET_CONFIG: dict[str, Any] = {
    "_class_name": "UNetSpatioTemporalConditionModel",
    "addition_time_embed_dim": 32,
    "block_out_channels": [32, 32, 64, 64],
    "cross_attention_dim": 32,
    "down_block_types": ["CrossAttnDownBlockSpatioTemporal"] * 3 + ["DownBlockSpatioTemporal"],
    "in_channels": 12,
    "layers_per_block": 1,
    "num_attention_heads": [1, 1, 2, 2],
    "num_frames": 25,
    "out_channels": 4,
    "projection_class_embeddings_input_dim": 96,
    "sample_size": 96,
    "transformer_layers_per_block": 1,
    "up_block_types": ["UpBlockSpatioTemporal"] + ["CrossAttnUpBlockSpatioTemporal"] * 3,
}
VAE_CONFIG: dict[str, Any] = {
    "_class_name": "AutoencoderKLTemporalDecoder",
    "block_out_channels": [32, 32, 32, 32],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "force_upcast": True,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 1,
    "out_channels": 3,
    "sample_size": 768,
    "scaling_factor": 0.18215,
}


def build_tiny_videomama(folder: Path, *, seed: int = 0) -> Path:
    """Write both weight folders (3.3 M values, 7 MB, fp16) under `folder`, which is returned."""
    return write_random(folder, UNET_CONFIG, VAE_CONFIG, seed=seed)


def write_random(
    folder: Path, unet_config: dict[str, Any], vae_config: dict[str, Any], *, seed: int = 0
) -> Path:
    """Write random weights of the shapes that the configs describe, fp16, with receipts."""
    import torch
    from diffusers.models.autoencoders.autoencoder_kl_temporal_decoder import (
        AutoencoderKLTemporalDecoder,
    )
    from diffusers.models.unets.unet_spatio_temporal_condition import (
        UNetSpatioTemporalConditionModel,
    )
    from safetensors.torch import save_file

    for name, files, config, model_class in (
        (UNET_FOLDER, UNET_FILES, unet_config, UNetSpatioTemporalConditionModel),
        (VAE_FOLDER, VAE_FILES, vae_config, AutoencoderKLTemporalDecoder),
    ):
        torch.manual_seed(seed)
        model = model_class.from_config(config).half()
        config_path, weights_path = (folder / name / file for file in files)
        config_path.parent.mkdir(parents=True, exist_ok=True)
        config_path.write_text(json.dumps(config))
        save_file(model.state_dict(), weights_path)
        write_receipt(folder / name, files)
    return folder


def tiny_settings(folder: Path, **overrides: Any) -> Settings:
    """Return settings that find the tiny weights and run on the CPU."""
    values: dict[str, Any] = {"models_dir": folder, "device": "cpu", "min_free_disk_bytes": 0}
    return Settings(_env_file=None, **{**values, **overrides})


def moving_disc(
    count: int, width: int = 64, height: int = 64, radius: float = 14
) -> tuple[list[Frame], dict[int, Mask]]:
    """Return frames with a light disc that drifts over a still texture, and its masks."""
    rows, columns = np.mgrid[:height, :width]
    texture = np.random.default_rng(0).integers(0, 128, (height, width, 3))
    frames, masks = [], {}
    for index in range(count):
        centre = radius + (width - 2 * radius) * (index + 0.5) / count
        mask = (columns - centre) ** 2 + (rows - height / 2) ** 2 < radius**2
        frames.append(np.where(mask[..., None], 200, texture).astype(np.uint8))
        masks[index] = mask
    return frames, masks
