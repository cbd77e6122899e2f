"""What the engines on ONNX networks share: requirements, files, loading and checking one network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engines.base import (
    DeviceName,
    Requirement,
    RunContext,
    missing_packages,
    package_requirement,
)
from engines.onnx.inner_outputs import network_up_to
from engines.onnx.runtime.choice import default_threads, open_session
from engines.onnx.runtime.interface import NetworkSession
from engines.onnx.runtime.with_onnxruntime import OnnxRuntimeSession
from engines.onnx.signature import differences
from engines.onnx.spec import NetworkSpec
from engines.weights import FileVerifier, damaged, download_command, files_bytes, missing_files
from engines.weights_manifest import ModelWeights, model_weights
from utils.errors import EngineUnavailable, SplazmatteError
from utils.types import Message

if TYPE_CHECKING:
    from config import Settings

_INSTALL_COMMAND = "bash scripts/setup_env.sh"


class NetworkFile:
    """One network's file on this machine, and how it is loaded.

    Args:
        spec: what is declared of the network.
        settings: the models' folder, runtime and threads.
    """

    def __init__(self, spec: NetworkSpec, settings: Settings) -> None:
        self.spec = spec
        self.weights: ModelWeights = model_weights(spec.weights)
        self._settings = settings
        self._folder = settings.models_dir / self.weights.folder
        self._command = download_command(spec.weights)
        self._verifier = FileVerifier(spec.weights, self._command)

    @property
    def path(self) -> Path:
        """Where the network's file is or will be."""
        return self._folder / self.weights.files[0]

    @property
    def is_present(self) -> bool:
        """Tell whether the file is there."""
        return not missing_files(self._folder, self.weights.files)

    @property
    def size_bytes(self) -> int:
        """Bytes of the file, or about what it will be."""
        return files_bytes([self.path]) or self.weights.about_mb * 1_000_000

    def requirements(self) -> tuple[Requirement, ...]:
        """Return the runtime's package and the file."""
        package = package_requirement(("onnxruntime",), _INSTALL_COMMAND)
        names = f"{self.weights.label} ({self.weights.about_mb} MB)"
        weights = Requirement(
            Message("engine.requirement_weights", {"names": names}), self.is_present, self._command
        )
        return package, weights

    def open(self, device: DeviceName) -> NetworkSession:
        """Load the network.

        Raises:
            EngineUnavailable: the runtime is missing.
            ModelFilesError: the file is missing, damaged, or holds another network; says what differs.
        """
        if missing_packages(("onnxruntime",)):
            raise EngineUnavailable(
                "engine.unavailable",
                name=self.weights.label,
                missing="onnxruntime",
                command=_INSTALL_COMMAND,
            )
        self._verifier.verify(self._folder, self.weights.files)
        threads = default_threads(self._settings.cpu_threads)
        try:
            session = open_session(self.path, self._settings.onnx_runtime, device, threads)
        except (MemoryError, SplazmatteError):
            raise
        except Exception as error:
            # Both runtimes raise classes of their own, which share no base.
            problem = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise damaged(self.path, problem, self._command) from error
        different = differences(self.spec, session.inputs, session.outputs)
        if different:
            raise damaged(self.path, "; ".join(different), self._command)
        return session

    def open_descriptors(self, device: DeviceName) -> NetworkSession:
        """Load the layers that compute the `descriptors` of the row, which are its outputs, in their order.

        Raises:
            ModelFilesError: the file is missing, damaged, or has no such tensors.
        """
        self._verifier.verify(self._folder, self.weights.files)
        threads = default_threads(self._settings.cpu_threads)
        try:
            layers = network_up_to(self.path.read_bytes(), self.spec.descriptors)
            return OnnxRuntimeSession(layers, device, threads)
        except ValueError as error:
            raise damaged(self.path, str(error), self._command) from error


def note_runtime(session: NetworkSession, device: DeviceName, context: RunContext) -> None:
    """Put runtime and precision into the job's record, and tell a GPU that was asked for in vain."""
    info = session.info
    context.details["runtime"] = f"{info.runtime} {info.version}, {info.provider}"
    context.details["precision"] = info.precision
    if device == "cuda" and info.provider.startswith("CPU"):
        context.on_notice(Message("engine.onnx.no_cuda", {"provider": info.provider}))
