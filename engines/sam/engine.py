"""The SAM 3 and SAM 2.1 engines: segment by text, examples, clicks or a box, and track through a clip."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engines.base import (
    Capability,
    DeviceName,
    Engine,
    FrameSource,
    Instance,
    Preference,
    Requirement,
    RunContext,
    TrackedFrame,
    package_requirement,
)
from engines.device.placement import choose_dtype, likely_device, release_memory
from engines.sam.loading import SAM2, SAM2_LARGE, SAM3, ModelSource, load_network, weight_files
from engines.sam.text_boxes import FILES as TEXT_FILES
from engines.sam.text_boxes import PARAMETERS as TEXT_PARAMETERS
from engines.weights import FileVerifier, download_command, missing_files, safetensors_bytes
from utils.errors import EngineUnavailable, ModelFilesError
from utils.messages import render
from utils.types import Frame, Mask, Message, Prompt

if TYPE_CHECKING:
    from config import Settings
    from engines.sam.image import SamImage
    from engines.sam.loading import ModelKind, Network

_PACKAGES = ("torch", "transformers", "safetensors")
_TEXT_MODEL = "grounding-dino"
_TEXT_WORKING_BYTES = 1_500_000_000
"""Activations of Grounding DINO at 800x1333 in float32; an estimate that the measured peak corrects."""


class _SamEngine(Engine):
    """What both generations share; a subclass names the checkpoint and its capabilities."""

    _kind: ModelKind
    _display_name: str
    _working_share: float
    """Device bytes beside the weights, in GB at float32."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        model = self._model_setting()
        folder = settings.model_path(model)
        hub_id = model if _is_hub_id(model, folder) else ""
        self._source = ModelSource(
            kind=self._kind,
            folder=None if hub_id else folder,
            hub_id=hub_id,
            command=_hub_command(hub_id) if hub_id else download_command(self.name),
            label=self._display_name,
        )
        self._verifier = FileVerifier(self.name, self._source.command)
        self._network: Network | None = None

    def _model_setting(self) -> str:
        raise NotImplementedError

    @property
    def weight_bytes(self) -> int:
        """What is loaded; before, what the files hold, else the published count."""
        if self._network is not None:
            return self._network.weight_bytes
        folder, width = self._source.folder, self._bytes_per_value()
        if folder is not None and not self._source.missing():
            paths = [folder / name for name in weight_files(folder)]
            with contextlib.suppress(ModelFilesError):
                return sum(safetensors_bytes(path, width, self._source.command) for path in paths)
        return self._kind.parameters * width

    def requirements(self) -> tuple[Requirement, ...]:
        """Packages and weight files; nothing is imported or opened."""
        return (
            package_requirement(_PACKAGES),
            Requirement(
                Message("engine.requirement_weights", {"names": self._display_name}),
                present=not self._source.missing(),
                command=self._source.command,
            ),
        )

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """Every image is resized to the network's square, so the frame's size matters little."""
        width, height = size_wh
        activations = int(self._working_share * 1e9) * self._bytes_per_value() // 4
        return activations + 8 * width * height

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`."""
        if self._network is not None:
            return
        packages, weights = self.requirements()
        if not packages.present:
            raise self._unavailable(packages)
        if not weights.present and not self._source.hub_id:
            raise self._unavailable(weights)
        # float16 is nearer to float32 than bfloat16 (click logits 3.3e-3 off instead of 2.9e-2);
        # `within_range` guards against its overflow.
        wanted = self._settings.dtype
        dtype = choose_dtype("float16" if wanted == "auto" and device != "cpu" else wanted, device)
        self._network = load_network(self._source, self._verifier, device, dtype)

    def unload(self) -> None:
        """See `Engine.unload`."""
        self._network = None
        release_memory()

    def open_image(self, image: Frame, around: Mapping[int, Frame] | None = None) -> SamImage:
        """See `Segmenter.open_image`; the image is encoded at the first prompt, by itself."""
        del around
        from engines.sam.image import SamImage

        return SamImage(image, self._loaded, self._display_name)

    def segment_image(self, image: Frame, prompt: Prompt) -> list[Instance]:
        """See `Segmenter.segment_image`."""
        return self.open_image(image).segment(prompt)

    def track_video(
        self,
        frames: FrameSource,
        masks: Mapping[int, Mapping[int, Mask]],
        start: int,
        context: RunContext,
    ) -> Iterator[TrackedFrame]:
        """See `Tracker.track_video`; memory does not grow with the clip."""
        from engines.sam.tracking import track

        return track(self._loaded(), self._display_name, frames, masks, start, context)

    def _loaded(self) -> Network:
        if self._network is None:
            raise RuntimeError(f"{self.name} is not loaded: lease it from the manager")
        return self._network

    def _unavailable(self, requirement: Requirement) -> EngineUnavailable:
        return EngineUnavailable(
            "engine.unavailable",
            name=self._display_name,
            missing=render(requirement.label),
            command=requirement.command,
            detail=", ".join(self._source.missing()),
        )

    def _bytes_per_value(self) -> int:
        if self._settings.dtype == "auto":
            return 2 if likely_device(self._settings.device) == "cuda" else 4
        return 4 if self._settings.dtype == "float32" else 2


class Sam3Engine(_SamEngine):
    """SAM 3: text, examples, clicks, boxes and tracking, with `facebook/sam3` weights."""

    name = "sam3"
    weight_rows = ("sam3",)
    label = Message("engine.sam3.label")
    description = Message("engine.sam3.description")
    capabilities = frozenset(
        {
            Capability.TEXT,
            Capability.POINTS,
            Capability.BOX,
            Capability.EXEMPLARS,
            Capability.TRACK,
        }
    )
    preference = Preference(segment=20)
    _kind = SAM3
    _display_name = "SAM 3"
    _working_share = 1.2

    def _model_setting(self) -> str:
        return self._settings.sam3_model


class Sam2Engine(_SamEngine):
    """SAM 2.1 tiny: clicks, boxes and tracking with ungated weights; text by Grounding DINO where it is there."""

    name = "sam2"
    weight_rows = ("sam2",)
    preference = Preference(segment=10)
    _kind = SAM2
    _display_name = "SAM 2.1"
    _working_share = 0.6
    _message = "engine.sam2"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._text_folder = settings.model_path(settings.grounding_dino_model)
        self._text_verifier = FileVerifier(_TEXT_MODEL, download_command(_TEXT_MODEL))

    def _model_setting(self) -> str:
        return self._settings.sam2_model

    def _has_text(self) -> bool:
        return not missing_files(self._text_folder, TEXT_FILES)

    @property
    def label(self) -> Message:  # type: ignore[override]
        """The engine's name, with who answers to text."""
        return Message(
            f"{self._message}.label_text" if self._has_text() else f"{self._message}.label"
        )

    @property
    def description(self) -> Message:  # type: ignore[override]
        """What it is for."""
        return Message(f"{self._message}.description")

    @property
    def capabilities(self) -> frozenset[Capability]:  # type: ignore[override]
        """Text is among them where Grounding DINO's weights are there."""
        always = frozenset({Capability.POINTS, Capability.BOX, Capability.TRACK})
        return always | {Capability.TEXT} if self._has_text() else always

    @property
    def weight_bytes(self) -> int:
        """See `Engine.weight_bytes`; Grounding DINO's are counted where it will be loaded."""
        if self._network is not None:
            return self._network.weight_bytes
        return super().weight_bytes + (4 * TEXT_PARAMETERS if self._has_text() else 0)

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """See `Engine.working_bytes`."""
        return super().working_bytes(size_wh) + (_TEXT_WORKING_BYTES if self._has_text() else 0)

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`."""
        was_loaded = self._network is not None
        super().load_model(device)
        if was_loaded or not self._has_text() or self._network is None:
            return
        from engines.sam.text_boxes import load_text_detector

        try:
            detector = load_text_detector(self._text_folder, self._text_verifier, device)
        except BaseException:
            self.unload()
            raise
        self._network.text_detector = detector


class Sam2LargeEngine(Sam2Engine):
    """SAM 2.1 large: better masks than tiny, for a GPU."""

    name = "sam2-large"
    weight_rows = ("sam2-large",)
    _kind = SAM2_LARGE
    _display_name = "SAM 2.1 large"
    _working_share = 0.9
    _message = "engine.sam2_large"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        # On a CPU tiny goes first: large takes several times as long.
        on_gpu = likely_device(settings.device) == "cuda"
        self.preference = Preference(segment=15 if on_gpu else 5)

    def _model_setting(self) -> str:
        return self._settings.sam2_large_model


def _hub_command(hub_id: str) -> str:
    """Return the command that puts a hub model into the hub's own cache."""
    return f"hf download {hub_id} --include '*.json' '*.safetensors'"


def _is_hub_id(model: str, folder: Path) -> bool:
    """Return whether it is a hub id "owner/name" and no folder's name or path."""
    return model.count("/") == 1 and not Path(model).is_absolute() and not folder.exists()
