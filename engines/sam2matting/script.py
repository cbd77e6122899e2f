"""What runs in SAM2Matting's own environment: its video predictor behind `MattingWorker`'s methods.

It is run by `engines/process/worker.py` and imports nothing of ours. The protocol is that of the project's
`inference_video_sam2.py`; frames are handed to the predictor one by one instead of as a folder of pictures.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from engines.process.worker import Job

CONFIGURATION = "configs/sam2matting-sam2.1base+.yaml"
_OBJECT = 1
_MASK_SIDE = 256
_MEMORY_FRAMES = 16
"""Frames before the current one that the tracker reads (object pointers; its mask memory has 7)."""
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def open_worker(arguments: list[str]) -> Worker:
    """Return the worker: folder of the code, and the checkpoint ("" leaves the weights random)."""
    return Worker(*arguments)


class Worker:
    """See `MattingWorker`.

    Args:
        code: a checkout of the project's repository.
        checkpoint: a file of its weights.
        configuration: the network's, by its name in the repository.
        overrides: of the configuration, as hydra writes them.
    """

    engine = "sam2matting"

    def __init__(
        self, code: str, checkpoint: str, configuration: str = CONFIGURATION, *overrides: str
    ) -> None:
        self._code = code
        self._checkpoint = checkpoint
        self._configuration = configuration
        self._overrides = list(overrides)
        self._device = ""
        self._predictor: Any = None

    def load(self, device: str) -> int:
        """See `MattingWorker.load`.

        Raises:
            ValueError: the checkpoint lacks weights, which the project's own loader only prints.
        """
        import torch

        if self._code not in sys.path:
            sys.path.insert(0, self._code)
        from sam2.build_sam import build_sam2matting_video_predictor

        predictor = build_sam2matting_video_predictor(
            self._configuration, None, device=device, hydra_overrides_extra=self._overrides
        )
        if self._checkpoint:
            weights = torch.load(self._checkpoint, map_location="cpu", weights_only=True)["model"]
            missing = predictor.load_state_dict(weights, strict=False).missing_keys
            if missing:
                raise ValueError(f"{len(missing)} weights are missing, e.g. {missing[0]}")
        self._device = device
        self._predictor = predictor
        parameters = [*predictor.parameters(), *predictor.buffers()]
        return sum(item.numel() * item.element_size() for item in parameters)

    def held_bytes(self) -> int:
        """See `MattingWorker.held_bytes`."""
        import torch

        if self._device != "cuda":
            return 0
        # What the CUDA context takes beside torch's own can't be asked for.
        return int(torch.cuda.memory_reserved()) + 600_000_000

    def matte(self, job: Job) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """See `MattingWorker.matte`."""
        import torch

        # On a CPU its float16 masks can't be mixed with bfloat16: float32 there.
        autocast = torch.autocast("cuda", dtype=torch.bfloat16, enabled=self._device == "cuda")
        with torch.inference_mode(), autocast:
            pictures = _Pictures(job, self._predictor.image_size, self._device)
            state = self._open(pictures, job)
            for reverse in (True, False):
                pictures.step = -1 if reverse else 1
                passes = self._predictor.propagate_in_video(
                    state, start_frame_idx=job.start, reverse=reverse
                )
                for index, _, _, alpha, _ in passes:
                    _forget(state, index, reverse)
                    if not (reverse and index == job.start):
                        yield index, alpha.float().clamp(0, 1).cpu().numpy().squeeze()
                # The other direction begins with the given masks alone.
                _outputs(state)["non_cond_frame_outputs"].clear()

    def _open(self, pictures: _Pictures, job: Job) -> Any:
        """Return the predictor's state of the job, with its masks."""
        import torch
        from sam2 import sam2matting_video_predictor

        width, height = job.size_wh
        # The predictor's own loader reads a folder of pictures, all at once.
        sam2matting_video_predictor.load_video_frames = lambda **_: (pictures, height, width)
        state = self._predictor.init_state(video_path="")
        for index, mask in sorted(job.masks.items()):
            logits = torch.from_numpy(mask.astype(np.float32))[None, None] * 20 - 10
            small = torch.nn.functional.interpolate(
                logits, size=(_MASK_SIDE, _MASK_SIDE), mode="bilinear", align_corners=False
            )
            self._predictor.add_new_mask(
                inference_state=state, frame_idx=index, obj_id=_OBJECT, mask=small.to(self._device)
            )
        return state


class _Pictures:
    """The clip as the predictor indexes it: float32 (3, S, S), normalised; one is kept."""

    def __init__(self, job: Job, side: int, device: str) -> None:
        self._job = job
        self._side = side
        self._device = device
        self._last: tuple[int, Any] = -1, None
        self.step = 1

    def __len__(self) -> int:
        return self._job.frame_count

    def __getitem__(self, index: int) -> Any:
        if self._last[0] != index:
            self._last = index, self._picture(index)
        return self._last[1]

    def _picture(self, index: int) -> Any:
        import torch
        from PIL import Image

        stop = self._job.frame_count if self.step > 0 else -1
        frame = self._job.read(index, stop, self.step)
        small = np.array(Image.fromarray(frame).resize((self._side, self._side))) / 255.0
        normal = (small - np.array(_MEAN)) / np.array(_DEVIATION)
        return torch.from_numpy(normal).permute(2, 0, 1).float().to(self._device)


def _outputs(state: Any) -> Any:
    return state["output_dict_per_obj"][0]


def _forget(state: Any, index: int, reverse: bool) -> None:
    """Drop what no later frame reads: memory would grow by an alpha and a memory frame each."""
    kept = _outputs(state)["non_cond_frame_outputs"]
    if index in kept:
        kept[index]["alpha"] = None
    kept.pop(index + _MEMORY_FRAMES if reverse else index - _MEMORY_FRAMES, None)
