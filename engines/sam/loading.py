"""Load SAM 3 or SAM 2.1 from a folder or the hub, with one shared vision encoder; runs no inference."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.device.placement import error_kind
from engines.weights import FileVerifier, check_loading_info, damaged
from utils.errors import EngineUnavailable, SplazmatteError

if TYPE_CHECKING:
    import torch

    from engines.sam.text_boxes import TextDetector

WEIGHTS_NAME = "model.safetensors"
_INDEX_NAME = "model.safetensors.index.json"


_LAYER_NORM_EPS = 1e-5
SPECK_AREA = 16
"""Pixels of the low-resolution mask; upstream's `fill_hole_area` of SAM 3 on video."""


@dataclass(frozen=True, slots=True)
class ModelKind:
    """How the checkpoints of SAM 3 and SAM 2.1 differ.

    `mean` and `std` normalise RGB in 0..1, as in the checkpoints' own preprocessor settings.
    """

    model_type: str
    class_name: str
    extra_files: tuple[str, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    parameters: int
    speck_area: int = 0


SAM3 = ModelKind(
    model_type="sam3_video",
    class_name="Sam3VideoModel",
    extra_files=("tokenizer.json",),
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    parameters=859_900_000,
    speck_area=SPECK_AREA,
)
SAM2 = ModelKind(
    model_type="sam2_video",
    class_name="Sam2VideoModel",
    extra_files=(),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    parameters=39_000_000,
)
SAM2_LARGE = replace(SAM2, parameters=224_400_000)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model comes from: a local folder, or a hub id that transformers caches itself.

    `command` is what fetches it, `label` its name for people.
    """

    kind: ModelKind
    folder: Path | None
    hub_id: str
    command: str
    label: str

    def missing(self) -> list[str]:
        """Return the names of files that are not there; nothing is opened."""
        folder = self.folder or cached_snapshot(self.hub_id)
        if folder is None:
            return [self.hub_id]
        names = ["config.json", *self.kind.extra_files]
        missing = [str(folder / name) for name in names if not (folder / name).is_file()]
        if not any((folder / name).is_file() for name in (WEIGHTS_NAME, _INDEX_NAME)):
            missing.append(str(folder / WEIGHTS_NAME))
        return missing


@dataclass(slots=True, eq=False)
class Network:
    """A loaded model. `detector` finds text and exemplars (None in SAM 2.1), `tracker` does the rest.

    `neck` turns the vision encoder's last state into the detector's pyramid; `root` owns all weights.
    """

    kind: ModelKind
    root: Any
    detector: Any
    tracker: Any
    tokenizer: Any
    image_size: int
    device: str
    dtype: torch.dtype
    text_detector: TextDetector | None = None
    """Finds boxes by text where there is no detector."""

    def widen(self) -> None:
        """Go on in bfloat16, whose range does not overflow; float32 buffers (rotary angles) stay."""
        import torch

        self.dtype = torch.bfloat16
        for tensor in [*self.root.parameters(), *self.root.buffers()]:
            if tensor.dtype is torch.float16:
                tensor.data = tensor.data.to(torch.bfloat16)

    @property
    def weight_bytes(self) -> int:
        """Bytes of all parameters and buffers."""
        tensors = [*self.root.parameters(), *self.root.buffers()]
        own: int = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return own + (self.text_detector.weight_bytes if self.text_detector else 0)


def cached_snapshot(hub_id: str) -> Path | None:
    """Return the folder in which the hub's cache keeps a model; None where it was never fetched."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    snapshots = cache / f"models--{hub_id.replace('/', '--')}" / "snapshots"
    found = sorted(snapshots.glob("*/config.json"), key=lambda path: path.stat().st_mtime)
    return found[-1].parent if found else None


def weight_files(folder: Path) -> list[str]:
    """Return the names of the weight files: one, or the shards that the index names."""
    index = folder / _INDEX_NAME
    if (folder / WEIGHTS_NAME).is_file() or not index.is_file():
        return [WEIGHTS_NAME]
    try:
        return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError):
        return [_INDEX_NAME]


def load_network(
    source: ModelSource, verifier: FileVerifier, device: str, dtype: torch.dtype
) -> Network:
    """Load the model onto the device.

    Raises:
        ModelFilesError: a file is missing, damaged, or of another model; the text names it.
        EngineUnavailable: the hub refuses access or can't be reached.
    """
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    if source.folder is not None:
        _check_folder(source, source.folder, verifier)
    try:
        root = _load_weights(source, dtype)
        tokenizer = _load_tokenizer(source) if source.kind is SAM3 else None
    except SplazmatteError:
        raise
    except Exception as error:
        if error_kind(error) != "other":
            raise
        raise _loading_error(source, error) from error
    root.eval().requires_grad_(False)
    network = _share_vision_encoder(source.kind, root, tokenizer, device, dtype)
    root.to(device)
    return network


def _check_folder(source: ModelSource, folder: Path, verifier: FileVerifier) -> None:
    verifier.verify(folder, ["config.json", *source.kind.extra_files, *weight_files(folder)])
    path = folder / "config.json"
    try:
        model_type = json.loads(path.read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, "it names no model_type", source.command) from error
    if model_type != source.kind.model_type:
        problem = f"model_type is {model_type!r}, not {source.kind.model_type!r}"
        raise damaged(path, problem, source.command)


def _load_weights(source: ModelSource, dtype: torch.dtype) -> Any:
    import transformers

    where = str(source.folder or source.hub_id)
    model_class = getattr(transformers, source.kind.class_name)
    root, info = model_class.from_pretrained(
        where,
        dtype=dtype,  # not .to(dtype): that would round the rotary buffers as well
        output_loading_info=True,
        local_files_only=source.folder is not None,
        use_safetensors=True,
    )
    named = source.folder / weight_files(source.folder)[0] if source.folder else where
    check_loading_info(named, info, source.command)
    return root


def _load_tokenizer(source: ModelSource) -> Any:
    from transformers import AutoTokenizer

    where = str(source.folder or source.hub_id)
    return AutoTokenizer.from_pretrained(where, local_files_only=source.folder is not None)


def _share_vision_encoder(
    kind: ModelKind, root: Any, tokenizer: Any, device: str, dtype: torch.dtype
) -> Network:
    """Give SAM 3's tracker the detector's vision encoder with a neck of its own."""
    if kind is SAM3:
        from engines.sam.exemplar import use_own_box_encoder

        detector, tracker = root.detector_model, root.tracker_model
        vision = copy.copy(detector.vision_encoder)
        vision._modules = {**vision._modules, "neck": root.tracker_neck}
        tracker.vision_encoder = vision
        use_own_box_encoder(detector.geometry_encoder)
        _set_layer_norm_eps(detector)
    else:
        detector, tracker = None, root
    size = tracker.image_size
    return Network(
        kind=kind,
        root=root,
        detector=detector,
        tracker=tracker,
        tokenizer=tokenizer,
        image_size=int(size if isinstance(size, int) else size[0]),
        device=device,
        dtype=dtype,
    )


def _set_layer_norm_eps(detector: Any) -> None:
    """Give the vision encoder's layer norms Meta's epsilon, whatever the config says.

    Meta's `vitdet.py` uses 1e-5; transformers' config has 1e-6, which shifts the features by 2.5e-2 of 8
    on random weights.
    """
    import torch

    for module in detector.vision_encoder.backbone.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = _LAYER_NORM_EPS


def _loading_error(source: ModelSource, error: Exception) -> SplazmatteError:
    """Return the user's error for what transformers, safetensors or the hub raised."""
    if source.folder is None:
        statuses = {_status(cause) for cause in _causes(error)}
        if statuses & {401, 403}:
            return EngineUnavailable(
                "engine.gated", detail=str(error), name=source.label, repo=source.hub_id
            )
        if not isinstance(error, RuntimeError | ValueError | KeyError):
            return EngineUnavailable(
                "engine.hub_unreachable",
                detail=str(error),
                repo=source.hub_id,
                command=source.command,
            )
    where = source.folder / WEIGHTS_NAME if source.folder else source.hub_id
    return damaged(where, f"{type(error).__name__}: {error}", source.command)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)
