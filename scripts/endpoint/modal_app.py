"""The endpoint on Modal: the same protocol, each job in a container with a GPU that is paid while it works.

    pip install modal==1.6.4
    modal secret create splazmatte-endpoint SPLAZMATTE_ENDPOINT_KEY=<16 characters or more>
    modal volume create splazmatte-models
    modal volume put splazmatte-models models/matanyone2 /matanyone2
    modal deploy -m scripts.endpoint.modal_app

`modal deploy` prints the address for SPLAZMATTE_REMOTE_BASES. A job is a spawned call and its id is the
call's: Modal keeps results for up to seven days. Clip and result travel as arguments and return value.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import modal

from scripts.endpoint.server import State, build_app
from scripts.endpoint.work import Asked

ROOT = Path(__file__).resolve().parents[2]
GPU = os.environ.get("SPLAZMATTE_MODAL_GPU", "A10G")
LONGEST_JOB_S = 3600
MODELS = "/models"
CODE = "/root/splazmatte"
MOST_UPLOAD_BYTES = 2 * 1024**3

image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install_from_requirements(str(ROOT / "requirements.txt"))
    .pip_install_from_requirements(str(ROOT / "requirements-models.txt"))
    .env(
        {
            "SPLAZMATTE_MODELS_DIR": MODELS,
            "SPLAZMATTE_WORKSPACE_DIR": "/tmp/workspace",
            "PYTHONPATH": CODE,
        }
    )
    .add_local_dir(
        str(ROOT),
        CODE,
        ignore=[
            ".git",
            ".venv*",
            "models",
            "workspace",
            "tests",
            "**/__pycache__",
            ".env",
            "remote_keys",
        ],
    )
    .workdir(CODE)
)
app = modal.App("splazmatte-endpoint", image=image)
models = modal.Volume.from_name("splazmatte-models", create_if_missing=True)
secret = modal.Secret.from_name("splazmatte-endpoint")


@app.function(gpu=GPU, timeout=LONGEST_JOB_S, volumes={MODELS: models}, retries=0)
def matte(clip: bytes, masks: bytes | None, asked: dict[str, Any]) -> dict[str, Any]:
    """Matte a clip; return its alpha, or the sentence that says why not."""
    from config import Settings
    from scripts.endpoint.work import Worker
    from utils.errors import SplazmatteError

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "clip.mkv").write_bytes(clip)
        if masks is not None:
            (folder / "masks.mkv").write_bytes(masks)
        try:
            Worker(Settings()).matte(
                folder / "clip.mkv",
                None if masks is None else folder / "masks.mkv",
                Asked(asked["engine"], asked["start"], tuple(asked["confirmed"])),
                folder / "alpha.mkv",
                threading.Event(),
            )
        except SplazmatteError as error:
            return {"error": error.user_message}
        return {"alpha": (folder / "alpha.mkv").read_bytes()}


@app.function(volumes={MODELS: models})
def ready_engines() -> list[str]:
    """Return the engines whose weights are on the volume; some also need the GPU of a job."""
    from config import Settings
    from scripts.endpoint.work import Worker

    return Worker(Settings()).engines()


class ModalJobs:
    """Jobs as spawned calls; nothing of them is kept here."""

    def start(self, clip: Path, masks: Path | None, asked: Asked, key: str) -> str:
        """See `Jobs.start`. The caller never sends a job twice, so that its key isn't needed."""
        del key
        wanted = {"engine": asked.engine, "start": asked.start, "confirmed": list(asked.confirmed)}
        sent = None if masks is None else masks.read_bytes()
        call = matte.spawn(clip.read_bytes(), sent, wanted)
        shutil.rmtree(clip.parent, ignore_errors=True)
        return str(call.object_id)

    def state(self, job: str) -> State | None:
        """See `Jobs.state`."""
        try:
            result = modal.FunctionCall.from_id(job).get(timeout=0)
        except TimeoutError:
            return State("running")
        except (modal.exception.OutputExpiredError, modal.exception.NotFoundError):
            return None
        except modal.exception.InvalidError:
            return None
        except modal.exception.Error as error:
            return State("failed", error=type(error).__name__)
        return State("failed", error=result["error"]) if "error" in result else State("done")

    def alpha(self, job: str) -> bytes | None:
        """See `Jobs.alpha`."""
        state = self.state(job)
        if state is None or state.status != "done":
            return None
        alpha: bytes = modal.FunctionCall.from_id(job).get(timeout=0)["alpha"]
        return alpha

    def cancel(self, job: str) -> None:
        """See `Jobs.cancel`."""
        modal.FunctionCall.from_id(job).cancel()

    def engines(self) -> list[str]:
        """See `Jobs.engines`."""
        return list(ready_engines.remote())


@app.function(secrets=[secret])
@modal.concurrent(max_inputs=20)
@modal.asgi_app()
def endpoint() -> Any:
    """Serve the protocol."""
    folder = Path(tempfile.mkdtemp())
    return build_app(ModalJobs(), os.environ["SPLAZMATTE_ENDPOINT_KEY"], folder, MOST_UPLOAD_BYTES)
