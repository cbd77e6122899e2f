"""EdgeTAM: clicks, a box and tracking by a small network, by the project's own code in its own environment.

C. Zhou et al., "EdgeTAM: On-Device Track Anything Model", CVPR 2025. Its backbone comes from timm, which needs the
torchvision that fits its torch; nothing of it is imported here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engines.base import Requirement
from engines.process.connection import WorkerCommand
from engines.process.matting import environment_requirement
from engines.process.segmenting import ProcessSegmenterEngine
from engines.weights import FileVerifier, download_command, missing_files
from engines.weights_manifest import model_weights
from utils.types import Message

if TYPE_CHECKING:
    from config import Settings
    from engines.base import DeviceName

_NAME = "EDGETAM"
_CODE_FILES = "sam2/sam2_video_predictor.py", "sam2/modeling/perceiver.py"
_ROW = "edgetam"
_FOLDER_IN_CODE = "checkpoints"
"""A checkout of the repository holds the weights too."""
_GET_CODE = "git clone https://github.com/facebookresearch/EdgeTAM"
_MAKE_ENVIRONMENT = (
    "python3 -m venv edgetam-env && edgetam-env/bin/pip install torch==2.14.1 torchvision==0.29.1"
    " timm==1.0.31 hydra-core==1.3.8 iopath==0.1.10"
)


class EdgeTamEngine(ProcessSegmenterEngine):
    """Chosen by name only, with `SPLAZMATTE_SEGMENTER`."""

    name = "edgetam"
    label = Message("engine.edgetam.label")
    description = Message("engine.edgetam.description")
    weight_rows = (_ROW,)
    declared_weight_bytes = 60_000_000
    """13.9 million float32 values."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._python = settings.edgetam_python
        self._code = settings.edgetam_code
        self._folder = settings.model_path(settings.edgetam_model)
        self._files = model_weights(_ROW).files
        self._verifier = FileVerifier(_ROW, download_command(_ROW))

    def requirements(self) -> tuple[Requirement, ...]:
        """Its environment, its code, and its weights, which its repository holds too."""
        code = self._code
        has_code = code is not None and all((code / name).is_file() for name in _CODE_FILES)
        return (
            environment_requirement(_NAME, self.label, self._python, _MAKE_ENVIRONMENT),
            Requirement(
                Message("process.requirement_code", {"name": _NAME, "label": self.label}),
                has_code,
                _GET_CODE,
            ),
            Requirement(
                Message("engine.requirement_weights", {"names": "EdgeTAM"}),
                not missing_files(self._weights_folder(), self._files),
                download_command(_ROW),
            ),
        )

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """See `Engine.working_bytes`: the network sees every picture at 1024 pixels square; an estimate."""
        return 1_500_000_000 + 16 * size_wh[0] * size_wh[1]

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`."""
        if self.is_available:
            self._verifier.verify(self._weights_folder(), self._files)
        super().load_model(device)

    def _weights_folder(self) -> Path:
        if self._code is not None and missing_files(self._folder, self._files):
            return self._code / _FOLDER_IN_CODE
        return self._folder

    def worker_command(self) -> WorkerCommand:
        """See `ProcessSegmenterEngine.worker_command`."""
        if self._python is None or self._code is None:
            raise RuntimeError("requirements come first")
        script = Path(__file__).with_name("script.py")
        checkpoint = self._weights_folder() / self._files[0]
        return WorkerCommand(self._python, script, (str(self._code), str(checkpoint)))
