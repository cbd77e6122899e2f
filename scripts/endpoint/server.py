"""The endpoint: SplazMatte's engines on a machine with a GPU, for the engine `self-hosted` of another one.

    SPLAZMATTE_ENDPOINT_KEY=… .venv/bin/python -m scripts.endpoint.server --host 0.0.0.0 --port 8700

Plain HTTP: put a proxy with TLS before it wherever the network isn't your own. The protocol is in
docs/remote.md. Jobs run one after another; what they leave goes after a day.
"""

from __future__ import annotations

import argparse
import hmac
import logging
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.datastructures import FormData

from config import Settings
from pipeline.storage.files import try_lock
from scripts.endpoint.work import Asked, Worker
from ui.command_line.console import one_line
from ui.command_line.settings_problems import settings_problem
from ui.command_line.values import parse_port
from ui.http.log_limits import RepeatFilter
from utils.errors import Cancelled, SplazmatteError
from utils.listening import free_port
from utils.types import Progress

logger = logging.getLogger(__name__)

KEPT_S = 24 * 3600.0
LEAST_KEY_LENGTH = 16
MOST_JOBS = 50
_MEGABYTE = 1024 * 1024
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@dataclass(slots=True)
class State:
    """How a job is: "waiting", "running", "done", "failed" or "cancelled"."""

    status: str = "waiting"
    done: int = 0
    total: int = 0
    error: str = ""


class Jobs(Protocol):
    """Where jobs run: in this process, or wherever a cloud puts them."""

    def start(self, clip: Path, masks: Path | None, asked: Asked, key: str) -> str:
        """Begin a job with these files, which are the job's from now on; return its id."""

    def state(self, job: str) -> State | None:
        """Return how a job is; None where there is none of that id."""

    def alpha(self, job: str) -> Path | bytes | None:
        """Return the result of a job that is done, else None."""

    def cancel(self, job: str) -> None:
        """End a job and remove what it has."""

    def engines(self) -> list[str]:
        """Return the engines that are ready."""


@dataclass(slots=True)
class _Job:
    folder: Path
    key: str
    state: State = field(default_factory=State)
    cancel: threading.Event = field(default_factory=threading.Event)
    begun_s: float = field(default_factory=time.monotonic)


class LocalJobs:
    """Jobs in this process, one after another."""

    def __init__(self, worker: Worker, folder: Path) -> None:
        self._worker = worker
        self._folder = folder
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "endpoint")

    def start(self, clip: Path, masks: Path | None, asked: Asked, key: str) -> str:
        """See `Jobs.start`; the same key again is the same job."""
        self._worker.check(asked, has_masks=masks is not None)
        with self._lock:
            self._sweep()
            for number, job in self._jobs.items():
                if key and job.key == key:
                    shutil.rmtree(clip.parent, ignore_errors=True)
                    return number
            number = secrets.token_hex(16)
            job = _Job(clip.parent, key)
            self._jobs[number] = job
        self._pool.submit(self._run, job, clip, masks, asked)
        return number

    def is_full(self) -> bool:
        """Tell whether too many jobs wait."""
        with self._lock:
            active = [
                one for one in self._jobs.values() if one.state.status in ("waiting", "running")
            ]
            return len(active) >= MOST_JOBS

    def state(self, job: str) -> State | None:
        """See `Jobs.state`."""
        found = self._jobs.get(job)
        return found.state if found is not None else None

    def alpha(self, job: str) -> Path | None:
        """See `Jobs.alpha`."""
        found = self._jobs.get(job)
        if found is None or found.state.status != "done":
            return None
        return found.folder / "alpha.mkv"

    def cancel(self, job: str) -> None:
        """See `Jobs.cancel`."""
        with self._lock:
            found = self._jobs.pop(job, None)
        if found is not None:
            found.cancel.set()
            if found.state.status not in ("waiting", "running"):
                shutil.rmtree(found.folder, ignore_errors=True)

    def engines(self) -> list[str]:
        """See `Jobs.engines`."""
        return self._worker.engines()

    def close(self) -> None:
        """End everything."""
        for job in list(self._jobs):
            self.cancel(job)
        self._pool.shutdown()

    def _run(self, job: _Job, clip: Path, masks: Path | None, asked: Asked) -> None:
        def progressed(progress: Progress) -> None:
            job.state.done, job.state.total = progress.done, progress.total

        job.state.status, began_s = "running", time.monotonic()
        detail = ""
        partial = job.folder / "alpha.partial.mkv"
        try:
            self._worker.matte(clip, masks, asked, partial, job.cancel, progressed)
            partial.replace(job.folder / "alpha.mkv")
            job.state.status = "done"
        except Cancelled:
            job.state.status = "cancelled"
        except SplazmatteError as error:
            job.state.status, job.state.error = "failed", error.user_message
            detail = f": {error} ({error.detail})"
        except Exception as error:
            logger.exception("a job failed")
            job.state.status, job.state.error = "failed", type(error).__name__
        finally:
            seconds = time.monotonic() - began_s
            logger.info(
                "a job for %s: %s after %.1f s%s", asked.engine, job.state.status, seconds, detail
            )
            if job.cancel.is_set():
                shutil.rmtree(job.folder, ignore_errors=True)

    def _sweep(self) -> None:
        old = [
            number
            for number, job in self._jobs.items()
            if time.monotonic() - job.begun_s > KEPT_S
            and job.state.status not in ("waiting", "running")
        ]
        for number in old:
            shutil.rmtree(self._jobs.pop(number).folder, ignore_errors=True)


def build_app(jobs: Jobs, key: str, folder: Path, most_bytes: int) -> FastAPI:
    """Return the application.

    Args:
        key: what callers must send as a bearer token; at least 16 characters.
        folder: where uploads are put.
        most_bytes: largest upload.

    Raises:
        ValueError: the key is too short to keep anybody out.
    """
    if len(key) < LEAST_KEY_LENGTH:
        raise ValueError(f"the key needs at least {LEAST_KEY_LENGTH} characters")
    app = FastAPI(title="SplazMatte endpoint", docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guard(request: Request, forward: Any) -> Response:
        refusal = _refusal(request, key, most_bytes)
        if refusal is not None:
            return refusal
        response: Response = await forward(request)
        return response

    @app.get("/engines")
    def engines() -> dict[str, Any]:
        return {"engines": jobs.engines()}

    @app.post("/jobs")
    async def submit(request: Request) -> Response:
        async with request.form(max_files=2, max_fields=8) as form:
            place = Path(tempfile.mkdtemp(dir=folder))
            files, texts = await _save_form(form, place)
        return await _in_thread(_begin, jobs, files, texts, place)

    @app.get("/jobs/{job}")
    def state(job: str) -> Response:
        found = jobs.state(job)
        if found is None:
            return _problem(404, "no such job")
        values = {"id": job, "status": found.status, "done": found.done, "total": found.total}
        code = 202 if found.status in ("waiting", "running") else 200
        return JSONResponse({**values, "error": found.error}, code)

    @app.get("/jobs/{job}/alpha")
    def alpha(job: str) -> Response:
        found = jobs.alpha(job)
        if found is None:
            return _problem(404, "no such result")
        if isinstance(found, bytes):
            return Response(found, media_type="video/x-matroska")
        return FileResponse(found, media_type="video/x-matroska")

    @app.delete("/jobs/{job}")
    def cancel(job: str) -> dict[str, Any]:
        jobs.cancel(job)
        return {"id": job, "status": "cancelled"}

    return app


def _refusal(request: Request, key: str, most_bytes: int) -> Response | None:
    """Return the answer to a request without the key, or whose body may be too large; None for any other."""
    sent = request.headers.get("authorization", "").encode()
    if not hmac.compare_digest(sent, f"Bearer {key}".encode()):
        logger.info("a wrong key from %s", request.client.host if request.client else "")
        return _problem(401, "the key is wrong")
    length = request.headers.get("content-length", "")
    if request.method == "POST" and (not length.isdecimal() or int(length) > most_bytes):
        return _problem(413, f"more than {most_bytes // _MEGABYTE} MB, or no Content-Length")
    return None


async def _save_form(form: FormData, place: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Save the files of a request for a job in a folder; return them and the request's texts, by their names."""
    files: dict[str, Path] = {}
    for name in ("clip", "masks"):
        upload = form.get(name)
        if upload is None or isinstance(upload, str):
            continue
        files[name] = place / f"{name}.mkv"
        with files[name].open("wb") as target:
            while chunk := await upload.read(_MEGABYTE):
                target.write(chunk)
    names = ("engine", "start", "confirmed", "key")
    return files, {name: str(form.get(name) or "") for name in names}


def _begin(jobs: Jobs, files: dict[str, Path], texts: dict[str, str], place: Path) -> Response:
    begun = False
    try:
        if "clip" not in files:
            return _problem(400, "no file in the field clip")
        if isinstance(jobs, LocalJobs) and jobs.is_full():
            return _problem(429, "too many jobs wait")
        confirmed = tuple(int(item) for item in texts["confirmed"].split(",") if item)
        asked = Asked(texts["engine"] or "auto", int(texts["start"] or 0), confirmed)
        job = jobs.start(files["clip"], files.get("masks"), asked, texts["key"])
        begun = jobs.state(job) is not None
        return JSONResponse({"id": job, "status": "waiting"}, 202)
    except ValueError:
        return _problem(400, "start is a frame number, confirmed a list of them")
    except SplazmatteError as error:
        return _problem(422, error.user_message)
    finally:
        if not begun:
            shutil.rmtree(place, ignore_errors=True)


async def _in_thread(work: Any, *arguments: Any) -> Any:
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(work, *arguments)


def _problem(code: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, code)


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; return the exit code."""
    parser = argparse.ArgumentParser(description="Matte clips for another SplazMatte.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=parse_port, default=8700)
    options = parser.parse_args(arguments)
    try:
        settings = Settings()
    except ValueError as error:
        print(f"settings: {one_line(settings_problem(error))}", file=sys.stderr)
        return 2
    try:
        settings.workspace_dir.mkdir(parents=True, exist_ok=True)
        lock = try_lock(settings.workspace_dir / "endpoint.lock")
    except OSError as error:
        print(f"{settings.workspace_dir} can't be written: {error.strerror}", file=sys.stderr)
        return 2
    if lock is None:
        print(f"Another endpoint runs in {settings.workspace_dir}.", file=sys.stderr)
        return 2
    try:
        return _serve(settings, options.host, options.port)
    finally:
        os.close(lock)


def _serve(settings: Settings, host: str, port: int) -> int:
    import uvicorn

    try:
        port = free_port(host, port)
    except OSError as error:
        print(f"Can't listen on {host}:{port}: {error.strerror}", file=sys.stderr)
        return 2
    folder = settings.workspace_dir / "endpoint"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    jobs = LocalJobs(Worker(settings), folder)
    try:
        key = os.environ.get("SPLAZMATTE_ENDPOINT_KEY", "")
        app = build_app(jobs, key, folder, settings.max_upload_bytes)
    except ValueError as error:
        print(f"SPLAZMATTE_ENDPOINT_KEY: {error}", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT, stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(RepeatFilter())
    print(f"Endpoint: http://{host}:{port}/", flush=True)
    uvicorn.run(app, host=host, port=port, log_level="warning")
    jobs.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
