"""Loads the UNet and the VAE from their weight folders, checked tensor by tensor."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.videomama.networks import Networks
from engines.weights import check_tensor_shapes, damaged, read_safetensors_header

if TYPE_CHECKING:
    import torch
    from torch import nn

    from config import Settings

COMMAND = "bash scripts/download_models.sh videomama"
UNET_FILES = ("unet/config.json", "unet/diffusion_pytorch_model.safetensors")
VAE_FILES = ("vae/config.json", "vae/diffusion_pytorch_model.fp16.safetensors")

_UNET_CLASS = "UNetSpatioTemporalConditionModel"
_VAE_CLASS = "AutoencoderKLTemporalDecoder"
_UNET_WANTED = {"in_channels": 12, "out_channels": 4}
_VAE_WANTED = {"in_channels": 3, "out_channels": 3, "latent_channels": 4}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where the UNet's and the VAE's folders are."""

    unet_dir: Path
    vae_dir: Path

    @classmethod
    def of(cls, settings: Settings) -> ModelFiles:
        """Return the folders that the settings name."""
        return cls(
            settings.model_path(settings.videomama_model),
            settings.model_path(settings.svd_vae_model),
        )

    @property
    def weights(self) -> tuple[Path, Path]:
        """The two safetensors files, the UNet's first."""
        return self.unet_dir / UNET_FILES[1], self.vae_dir / VAE_FILES[1]

    def parameters(self) -> int:
        """Return how many numbers the two weight files hold.

        Raises:
            ModelFilesError: a file is missing or damaged.
        """
        headers = [read_safetensors_header(path, COMMAND) for path in self.weights]
        return sum(math.prod(info.shape) for header in headers for info in header.values())

    def identity(self) -> tuple[tuple[int, int], ...]:
        """Return an identity of the weights for cache keys: size and time of each file."""
        stats = [path.stat() for path in self.weights]
        return tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)


def build_networks(files: ModelFiles, device: str, dtype: torch.dtype) -> Networks:
    """Load both networks onto the device, checked key by key, cross-attention folded.

    Raises:
        ModelFilesError: a file is missing, damaged or of another model.
    """
    from diffusers.models.autoencoders.autoencoder_kl_temporal_decoder import (
        AutoencoderKLTemporalDecoder,
    )
    from diffusers.models.unets.unet_spatio_temporal_condition import (
        UNetSpatioTemporalConditionModel,
    )

    unet_config = files.unet_dir / UNET_FILES[0]
    vae_config = files.vae_dir / VAE_FILES[0]
    unet = _build(UNetSpatioTemporalConditionModel, unet_config, _UNET_CLASS, _UNET_WANTED)
    vae = _build(AutoencoderKLTemporalDecoder, vae_config, _VAE_CLASS, _VAE_WANTED)
    if len(vae.config.block_out_channels) != 4:
        raise damaged(vae_config, "it does not scale by 8", COMMAND)
    for module, path in zip((unet, vae), files.weights, strict=True):
        _fill(module, path, device, dtype)
    fold_cross_attention(unet)
    return Networks(unet, vae, device, dtype)


def fold_cross_attention(unet: nn.Module) -> int:
    """Replace each cross-attention by its output bias, where that is exact; return how many.

    VideoMaMa's condition is one zero token: attention over a single token returns its value, the
    value of zero is zero without a bias, so only the output projection's bias is left.
    """
    from torch import nn

    class Constant(nn.Module):  # type: ignore[misc]
        """Returns the same vector for every token, whatever its input."""

        def __init__(self, bias: torch.Tensor) -> None:
            super().__init__()
            self.register_buffer("bias", bias)

        def forward(self, *_args: object, **_kwargs: object) -> torch.Tensor:
            bias: torch.Tensor = self.bias
            return bias

    folded = 0
    for block in unet.modules():
        attention = getattr(block, "attn2", None)
        if attention is None or getattr(attention, "to_v", None) is None:
            continue
        projection = attention.to_out[0]
        exact = (
            attention.to_v.bias is None
            and projection.bias is not None
            and not attention.residual_connection
            and attention.rescale_output_factor == 1.0
        )
        if exact:
            block.attn2 = Constant(projection.bias.detach())
            block.norm2 = nn.Identity()
            folded += 1
    return folded


def _build(model_class: Any, path: Path, class_name: str, wanted: Mapping[str, int]) -> Any:
    """Return the module that the config describes, without memory for its weights."""
    import torch

    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if config.get("_class_name") != class_name:
            raise ValueError(f"it describes {config.get('_class_name')}, not {class_name}")
        for key, value in wanted.items():
            if config.get(key) != value:
                raise ValueError(f"{key} is {config.get(key)}, not {value}")
        with torch.device("meta"):
            return model_class.from_config(config)
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}", COMMAND) from error


def _fill(module: Any, path: Path, device: str, dtype: torch.dtype) -> None:
    """Fill the module from the file, one tensor at a time: no second copy of the whole."""
    import safetensors

    tensors = read_safetensors_header(path, COMMAND)
    check_tensor_shapes(
        path,
        {name: info.shape for name, info in tensors.items()},
        {name: tensor.shape for name, tensor in module.state_dict().items()},
        COMMAND,
    )
    try:
        with safetensors.safe_open(str(path), framework="pt", device="cpu") as stream:
            state = {key: stream.get_tensor(key).to(device=device, dtype=dtype) for key in tensors}
    except (OSError, safetensors.SafetensorError) as error:
        raise damaged(path, str(error), COMMAND) from error
    module.load_state_dict(state, strict=True, assign=True)
    module.requires_grad_(False)
    module.eval()
