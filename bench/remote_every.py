"""What sending every n-th frame to a service costs in quality: an endpoint on this machine, with and without.

    python -m bench.remote_every CLIP… [--engine rvm] [--every 2,3,5]

For each clip and n: the mean absolute difference x 1e3 to the alpha of all frames sent, and to the true alpha
where `alpha.mkv` lies beside the clip. Nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn

from config import Settings
from engines.base import RunContext
from engines.registry import build_registry, connect_exchange
from pipeline.video_io import ClipFiles, VideoIO
from scripts.endpoint.server import LocalJobs, build_app
from scripts.endpoint.work import Worker


@contextmanager
def endpoint(settings: Settings, key: str) -> Iterator[str]:
    """Serve the endpoint; yield its address."""
    folder = settings.workspace_dir / "endpoint"
    folder.mkdir(parents=True)
    jobs = LocalJobs(Worker(settings), folder)
    app = build_app(jobs, key, folder, settings.max_upload_bytes)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        jobs.close()


def compare(settings: Settings, clip: Path, every: list[int]) -> None:
    """Print the differences of one clip."""
    files, video = ClipFiles(settings), VideoIO(settings)
    registry = build_registry(settings)
    connect_exchange(registry, files)
    engine = registry.get("self-hosted")
    engine.load_model("cpu")
    info = video.probe(clip)
    frames = video.open(clip, info)

    def alphas(n: int) -> np.ndarray:
        made = engine.process(frames, {}, 0, {"every": n}, RunContext(fps=info.fps))  # type: ignore[attr-defined]
        return np.stack([item.alpha for item in made])

    whole = alphas(1)
    beside = clip.with_name("alpha.mkv")
    truth = None
    if beside.is_file():
        pictures = files.open_clip(beside, threading.Event()).colours()
        truth = np.stack([picture[..., 0] / np.float32(255) for picture in pictures])
        print(
            f"{clip.parent.name} all frames: {1e3 * np.abs(whole - truth).mean():.2f} to the truth"
        )
    for n in every:
        part = alphas(n)
        line = (
            f"{clip.parent.name} every {n}: {1e3 * np.abs(part - whole).mean():.2f} to all frames"
        )
        if truth is not None:
            line += f", {1e3 * np.abs(part - truth).mean():.2f} to the truth"
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--engine", default="rvm")
    parser.add_argument("--every", default="2,3,5")
    options = parser.parse_args()
    key = os.environ["SPLAZMATTE_SELF_HOSTED_KEY"] = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as made:
        here = Settings(workspace_dir=Path(made))
        with endpoint(here, key) as url:
            asked = {
                "remote_bases": {"self-hosted": url},
                "remote_models": {"self-hosted": options.engine},
            }
            for clip in options.clips:
                settings = here.model_copy(update={**asked, "remote_pause_s": 0.2})
                compare(settings, clip, [int(n) for n in options.every.split(",")])


if __name__ == "__main__":
    main()
