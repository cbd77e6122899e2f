"""UNet and VAE behind three calls: encode an image, predict a window, decode a chunk.

numpy at the edge, tensors inside. Protocol: VideoMaMa's one-step inference (cvlab-kaist/VideoMaMa,
`pipeline_svd_mask.py`, class VideoInferencePipeline), with the posterior's mode for its sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from utils.types import Alpha

if TYPE_CHECKING:
    import torch

Latents = npt.NDArray[np.float32]
"""float32 (T, 4, H/8, W/8), or (4, H/8, W/8) of one image."""

TIMESTEP = 1
ADDED_TIME_IDS = (7.0, 127.0, 0.0)
"""Frame rate, motion and noise as in training: constants, never the clip's own."""


class NonFiniteError(ArithmeticError):
    """A network returned infinity or not-a-number; half precision overflowed."""


class Networks:
    """The UNet and the VAE on one device, in one precision."""

    def __init__(self, unet: Any, vae: Any, device: str, dtype: torch.dtype) -> None:
        self._unet = unet
        self._vae = vae
        self._device = device
        self._dtype = dtype
        self.scaling: float = vae.config.scaling_factor
        """A prediction is the alpha's latents, as `encode` returns them, times this."""

    @property
    def device(self) -> str:
        """The torch device's name."""
        return self._device

    @property
    def value_bytes(self) -> int:
        """Bytes of one number in the networks' precision."""
        size: int = self._dtype.itemsize
        return size

    @property
    def storage_dtype(self) -> type[np.float16] | type[np.float32]:
        """The smallest numpy type that holds what the networks return without loss."""
        return np.float16 if self._is_half else np.float32

    @property
    def _is_half(self) -> bool:
        import torch

        return bool(self._dtype == torch.float16)

    def fall_back(self) -> bool:
        """Change fp16 for bf16, which has fp32's range and a tenth of fp16's accuracy.

        Returns:
            False where the precision is another one already.
        """
        import torch

        if not self._is_half:
            return False
        self._unet.to(torch.bfloat16)
        self._vae.to(torch.bfloat16)
        self._dtype = torch.bfloat16
        return True

    def encode(self, image: torch.Tensor) -> Latents:
        """Return the latents of one image: the posterior's mode, unscaled.

        Args:
            image: float32 (3, H, W) in [-1, 1], sides multiples of 8.

        Raises:
            NonFiniteError: the precision overflowed.
        """
        import torch

        with torch.inference_mode():
            batch = image[None].to(device=self._device, dtype=self._dtype)
            latents = self._vae.encode(batch.contiguous()).latent_dist.mode()[0]
            return _checked(latents, "encoder")

    def predict(self, noise: Latents, rgb: Latents, mask: Latents) -> Latents:
        """Return the clean alpha latents of a window, as the UNet gives them (scaled).

        Args:
            noise: N(0, 1), (T, 4, h, w).
            rgb: latents of the frames, (T, 4, h, w).
            mask: latents of the masks, (T, 4, h, w).

        Raises:
            NonFiniteError: the precision overflowed.
        """
        import torch

        with torch.inference_mode():
            stacked = np.concatenate([noise, rgb, mask], axis=1, dtype=np.float32)
            sample = torch.from_numpy(stacked)[None].to(device=self._device, dtype=self._dtype)
            timestep = torch.tensor([TIMESTEP], dtype=torch.long, device=self._device)
            time_ids = torch.tensor([ADDED_TIME_IDS], dtype=self._dtype, device=self._device)
            width = self._unet.config.cross_attention_dim
            width = width if isinstance(width, int) else width[0]
            condition = torch.zeros(1, 1, width, dtype=self._dtype, device=self._device)
            result = self._unet(sample, timestep, condition, added_time_ids=time_ids).sample[0]
            return _checked(result, "UNet")

    def decode(self, latents: Latents) -> npt.NDArray[np.float32]:
        """Return alpha (T, H, W), float32 in [0, 1], of latents decoded together.

        The result depends on which frames are decoded together.

        Raises:
            NonFiniteError: the precision overflowed.
        """
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(latents)).to(self._device, self._dtype)
            images = self._vae.decode(batch / self.scaling, num_frames=len(latents)).sample
            # Clamping would turn infinity into 1.
            if not bool(torch.isfinite(images).all()):
                raise NonFiniteError("decoder")
            alpha = (images.float() / 2 + 0.5).clamp(0, 1).mean(dim=1)
            values: Alpha = alpha.cpu().numpy()
            return values


def frame_noise(seed: int, frame: int, latent_hw: tuple[int, int]) -> Latents:
    """Return the noise of a frame, float32 (4, h, w): the same in every window that covers it."""
    import torch

    generator = torch.Generator("cpu").manual_seed(seed ^ frame)
    noise: Latents = torch.randn((4, *latent_hw), generator=generator).numpy()
    return noise


def _checked(tensor: torch.Tensor, where: str) -> Latents:
    import torch

    if not bool(torch.isfinite(tensor).all()):
        raise NonFiniteError(where)
    values: Latents = tensor.float().contiguous().cpu().numpy()
    return values
