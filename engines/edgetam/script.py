"""What runs in EdgeTAM's own environment: its predictors behind `SegmentingWorker`'s methods.

It is run by `engines/process/worker.py` and imports nothing of ours. Frames are handed to the video predictor one
by one instead of as a folder of pictures; each object has a state of its own, as in SAM 2.1's later predictor.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from engines.process.worker import Job

CONFIGURATION = "configs/edgetam.yaml"
_MEMORY_FRAMES = 16
"""Frames before the current one that the tracker reads (object pointers; its mask memory has 7)."""
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def open_worker(arguments: list[str]) -> Worker:
    """Return the worker: folder of the code, and the checkpoint ("" leaves the weights random)."""
    return Worker(*arguments)


class Worker:
    """See `SegmentingWorker`.

    Args:
        code: a checkout of the project's repository.
        checkpoint: a file of its weights.
        overrides: of the configuration, as hydra writes them.
    """

    engine = "edgetam"

    def __init__(self, code: str, checkpoint: str, *overrides: str) -> None:
        self._code = code
        self._checkpoint = checkpoint
        self._overrides = list(overrides)
        self._device = ""
        self._predictor: Any = None
        self._clicks: Any = None
        self._seen: bytes = b""

    def load(self, device: str) -> int:
        """See `ModelWorker.load`.

        Raises:
            ValueError: the checkpoint lacks weights.
        """
        import torch

        if self._code not in sys.path:
            sys.path.insert(0, self._code)
        from sam2.build_sam import build_sam2_video_predictor
        from sam2.modeling.backbones import timm as backbone
        from sam2.sam2_image_predictor import SAM2ImagePredictor

        # The backbone's own weights would be fetched, only to be replaced by the checkpoint's.
        create = backbone.create_model
        backbone.create_model = lambda *given, **more: create(
            *given, **{**more, "pretrained": False}
        )
        # The filling of holes needs an extension that only a CUDA compiler can build.
        overrides = [*self._overrides, "++model.fill_hole_area=0"]
        predictor = build_sam2_video_predictor(
            CONFIGURATION, None, device=device, hydra_overrides_extra=overrides
        )
        backbone.create_model = create
        if self._checkpoint:
            weights = torch.load(self._checkpoint, map_location="cpu", weights_only=True)["model"]
            missing = predictor.load_state_dict(weights, strict=False).missing_keys
            if missing:
                raise ValueError(f"{len(missing)} weights are missing, e.g. {missing[0]}")
        self._device = device
        self._predictor = predictor
        self._clicks = SAM2ImagePredictor(predictor)
        return sum(item.numel() * item.element_size() for item in predictor.parameters())

    def held_bytes(self) -> int:
        """See `ModelWorker.held_bytes`."""
        import torch

        if self._device != "cuda":
            return 0
        # What the CUDA context takes beside torch's own can't be asked for.
        return int(torch.cuda.memory_reserved()) + 600_000_000

    def segment(
        self,
        picture: npt.NDArray[np.uint8],
        points: list[list[float]],
        box: list[float] | None,
    ) -> list[tuple[npt.NDArray[np.bool_], float]]:
        """See `SegmentingWorker.segment`."""
        import torch

        content = picture.tobytes()
        with torch.inference_mode():
            if content != self._seen:
                self._clicks.set_image(picture)
                self._seen = content
            marks = np.array(points, np.float32).reshape(-1, 3)
            masks, scores, _ = self._clicks.predict(
                point_coords=marks[:, :2] if len(marks) else None,
                point_labels=marks[:, 2].astype(int) if len(marks) else None,
                box=None if box is None else np.array(box, np.float32),
                # One click may mean a part or the whole.
                multimask_output=box is None and len(marks) == 1,
            )
        found = [(mask > 0, float(score)) for mask, score in zip(masks, scores, strict=True)]
        return sorted(found, key=lambda one: -one[1])

    def track(self, job: Job) -> Iterator[tuple[int, dict[int, npt.NDArray[np.bool_]]]]:
        """See `SegmentingWorker.track`."""
        import torch

        pictures = _Pictures(job, self._predictor, self._device)
        self._predictor.forward_image = pictures.features
        try:
            with torch.inference_mode():
                yield from self._masks(job, pictures)
        finally:
            del self._predictor.forward_image

    def _masks(
        self, job: Job, pictures: _Pictures
    ) -> Iterator[tuple[int, dict[int, npt.NDArray[np.bool_]]]]:
        states = {number: self._open(pictures, job, number) for number in job.objects}
        for reverse in (True, False):
            pictures.step = -1 if reverse else 1
            passes = [
                self._predictor.propagate_in_video(
                    state, start_frame_idx=job.start, reverse=reverse
                )
                for state in states.values()
            ]
            for found in zip(*passes, strict=True):
                index = found[0][0]
                for state in states.values():
                    _forget(state, index, reverse)
                if not (reverse and index == job.start):
                    masks = [logits[0, 0].cpu().numpy() > 0 for _, _, logits in found]
                    yield index, dict(zip(states, masks, strict=True))
            # The other direction begins with the given masks alone.
            for state in states.values():
                for outputs in _outputs(state):
                    outputs.clear()

    def _open(self, pictures: _Pictures, job: Job, number: int) -> Any:
        """Return the predictor's state of one object, with its masks."""
        from sam2 import sam2_video_predictor

        width, height = job.size_wh
        # The predictor's own loader reads a folder of pictures, all at once.
        sam2_video_predictor.load_video_frames = lambda **_: (pictures, height, width)
        state = self._predictor.init_state(video_path="")
        for index, mask in sorted(job.objects[number].items()):
            self._predictor.add_new_mask(
                inference_state=state, frame_idx=index, obj_id=number, mask=mask
            )
        return state


class _Pictures:
    """The clip as the predictor indexes it: float32 (3, S, S), normalised.

    The last picture and its features are kept, so that several objects share them.
    """

    def __init__(self, job: Job, predictor: Any, device: str) -> None:
        self._job = job
        self._side = predictor.image_size
        self._device = device
        self._last: tuple[int, Any] = -1, None
        self._features: tuple[int, Any] = -1, None
        self.step = 1
        self._encode = predictor.forward_image

    def __len__(self) -> int:
        return self._job.frame_count

    def __getitem__(self, index: int) -> Any:
        if self._last[0] != index:
            self._last = index, self._picture(index)
        return self._last[1]

    def features(self, batch: Any) -> Any:
        """Return the features of the last picture, as `forward_image` does."""
        if self._features[0] != self._last[0]:
            self._features = self._last[0], self._encode(batch)
        return dict(self._features[1])

    def _picture(self, index: int) -> Any:
        import torch
        from PIL import Image

        stop = self._job.frame_count if self.step > 0 else -1
        frame = self._job.read(index, stop, self.step)
        small = np.array(Image.fromarray(frame).resize((self._side, self._side))) / 255.0
        normal = (small - np.array(_MEAN)) / np.array(_DEVIATION)
        return torch.from_numpy(normal).permute(2, 0, 1).float().to(self._device)


def _outputs(state: Any) -> list[Any]:
    """Return where the state keeps what was tracked: of all objects together, and of the only one."""
    kept = [state["output_dict"], *state["output_dict_per_obj"].values()]
    return [outputs["non_cond_frame_outputs"] for outputs in kept]


def _forget(state: Any, index: int, reverse: bool) -> None:
    """Drop what no later frame reads: memory would grow with the clip."""
    for outputs in _outputs(state):
        outputs.pop(index + _MEMORY_FRAMES if reverse else index - _MEMORY_FRAMES, None)
