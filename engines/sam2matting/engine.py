"""SAM2Matting: alphas of any subject from one mask, by the project's own code in its own environment.

R. Shen, G. Jie et al., "SAM2Matting: Generalized Image and Video Matting", ECCV 2026 (arXiv 2606.27339).
Its packages clash with ours, so it runs in a worker process; nothing of it is imported here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engines.base import Requirement
from engines.process.connection import WorkerCommand
from engines.process.matting import ProcessMattingEngine, environment_requirement
from engines.weights import FileVerifier, download_command, missing_files
from engines.weights_manifest import model_weights
from utils.types import Message

if TYPE_CHECKING:
    from config import Settings
    from engines.base import DeviceName

_ROW = "sam2matting"
_NAME = "SAM2MATTING"
_CODE_FILE = "sam2/sam2matting_video_predictor.py"
_GET_CODE = "git clone https://github.com/FudanCVL/SAM2Matting"
_MAKE_ENVIRONMENT = "python3.10 -m venv sam2matting-env && sam2matting-env/bin/pip install -r SAM2Matting/requirements.txt"


class Sam2MattingEngine(ProcessMattingEngine):
    """The Base+ network; chosen by name only."""

    name = "sam2matting"
    label = Message("engine.sam2matting.label")
    description = Message("engine.sam2matting.description")
    weight_rows = (_ROW,)
    declared_weight_bytes = 366_000_000 + 600_000_000
    """The checkpoint, and about what a CUDA context takes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._python = settings.sam2matting_python
        self._code = settings.sam2matting_code
        self._folder = settings.model_path(settings.sam2matting_model)
        self._files = model_weights(_ROW).files
        self._verifier = FileVerifier(_ROW, download_command(_ROW))

    def requirements(self) -> tuple[Requirement, ...]:
        """Its environment, its code, its weights."""
        return (
            environment_requirement(_NAME, self.label, self._python, _MAKE_ENVIRONMENT),
            Requirement(
                Message("process.requirement_code", {"name": _NAME, "label": self.label}),
                self._code is not None and (self._code / _CODE_FILE).is_file(),
                _GET_CODE,
            ),
            Requirement(
                Message("engine.requirement_weights", {"names": "SAM2Matting"}),
                not missing_files(self._folder, self._files),
                download_command(_ROW),
            ),
        )

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """See `Engine.working_bytes`: from the paper's peaks, 3.4 GB in all at 720p, 3.8 GB at 1080p."""
        return 2_100_000_000 + 350 * size_wh[0] * size_wh[1]

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`."""
        if self.is_available:
            self._verifier.verify(self._folder, self._files)
        super().load_model(device)

    def worker_command(self) -> WorkerCommand:
        """See `ProcessMattingEngine.worker_command`."""
        if self._python is None or self._code is None:
            raise RuntimeError("requirements come first")
        checkpoint = self._folder / self._files[0]
        script = Path(__file__).with_name("script.py")
        return WorkerCommand(self._python, script, (str(self._code), str(checkpoint)))
