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
from utils.types import Message

if TYPE_CHECKING:
    from config import Settings

_NAME = "EDGETAM"
_CODE_FILES = "sam2/sam2_video_predictor.py", "sam2/modeling/perceiver.py"
_CHECKPOINT = "checkpoints/edgetam.pt"
_GET_CODE = "git clone https://github.com/facebookresearch/EdgeTAM"
_MAKE_ENVIRONMENT = "python3 -m venv edgetam-env && edgetam-env/bin/pip install torch torchvision timm hydra-core iopath"


class EdgeTamEngine(ProcessSegmenterEngine):
    """Chosen by name only, with `SPLAZMATTE_SEGMENTER`."""

    name = "edgetam"
    label = Message("engine.edgetam.label")
    description = Message("engine.edgetam.description")
    declared_weight_bytes = 60_000_000
    """13.9 million float32 values."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._python = settings.edgetam_python
        self._code = settings.edgetam_code

    def requirements(self) -> tuple[Requirement, ...]:
        """Its environment, and its code, whose repository holds the weights."""
        code = self._code
        has_code = code is not None and all(
            (code / name).is_file() for name in (*_CODE_FILES, _CHECKPOINT)
        )
        return (
            environment_requirement(_NAME, self._python, _MAKE_ENVIRONMENT),
            Requirement(Message("process.requirement_code", {"name": _NAME}), has_code, _GET_CODE),
        )

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """See `Engine.working_bytes`: the network sees every picture at 1024 pixels square; an estimate."""
        return 1_500_000_000 + 16 * size_wh[0] * size_wh[1]

    def worker_command(self) -> WorkerCommand:
        """See `ProcessSegmenterEngine.worker_command`."""
        if self._python is None or self._code is None:
            raise RuntimeError("requirements come first")
        script = Path(__file__).with_name("script.py")
        checkpoint = self._code / _CHECKPOINT
        return WorkerCommand(self._python, script, (str(self._code), str(checkpoint)))
