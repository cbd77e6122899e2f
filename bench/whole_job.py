"""A whole `rvm` job, "everyone" mode, against bare ONNX Runtime plus FFmpeg, and against a plain script.

With `--memory` alone a marked job can be looked at, too: `--box` names the target on frame 0, which is then tracked.

Each step runs in a process of its own, in turn, `--rounds` times; the least time of each counts. CPU time is user +
system of the whole process tree. Steps:

- job: decode, network, kept alpha and three MP4s through the orchestrator, after a job of a few frames;
- loop: the network alone in ONNX Runtime, one thread, states fed back, frames in memory;
- floor: FFmpeg decoding the clip and encoding the job's three MP4s again from raw files;
- script: decode, network on one thread, three FFmpeg pipes at our settings, one frame after the other, as
  Robust Video Matting's own `convert_video` works.

Called by `bench/engines.py --whole-job CLIP`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.io import MP4S, as_in_the_product, cpu_s, run_ffmpeg  # noqa: E402
from bench.memory import peak_of  # noqa: E402
from config import Settings  # noqa: E402
from engines.onnx.network_engine import NetworkFile  # noqa: E402
from engines.onnx.networks import RVM_NETWORKS  # noqa: E402
from engines.rvm.options import ratio_for  # noqa: E402
from pipeline.video_io.ffmpeg import ffmpeg_path  # noqa: E402
from utils.image_utils import checkerboard  # noqa: E402

WARM_UP_FRAMES = 8
LOOP_FRAMES = 8
"""Different frames that the loop goes through again and again."""
GREEN = np.array([0, 255, 0], np.float32)
_STEPS = ("job", "loop", "floor", "script")


class PlainNetwork:
    """Robust Video Matting in ONNX Runtime as its documentation shows it, one thread."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = NetworkFile(RVM_NETWORKS["rvm"], Settings()).path
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._ratio = np.array([ratio_for(size_wh, 0.0)], np.float32)
        self._states = [np.zeros((1, 1, 1, 1), np.float32)] * 4

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return foreground (1, 3, H, W) and alpha (1, 1, H, W) of an image of the same form."""
        states = {f"r{number}i": state for number, state in enumerate(self._states, start=1)}
        foreground, alpha, *self._states = self._session.run(
            None, {"src": image, "downsample_ratio": self._ratio, **states}
        )
        return foreground, alpha


def to_image(frame: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray((frame.astype(np.float32) / 255).transpose(2, 0, 1)[None])


def open_reader(clip: Path) -> subprocess.Popen[bytes]:
    argv = [str(ffmpeg_path(Settings())), "-v", "error", "-i", str(clip)]
    argv += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    return subprocess.Popen(argv, stdout=subprocess.PIPE)


def read_frame(reader: subprocess.Popen[bytes], size_wh: tuple[int, int]) -> np.ndarray | None:
    width, height = size_wh
    assert reader.stdout is not None
    data = reader.stdout.read(width * height * 3)
    return np.frombuffer(data, np.uint8).reshape(height, width, 3) if data else None


def open_writer(path: Path, layout: str, size_wh: tuple[int, int]) -> subprocess.Popen[bytes]:
    argv = [str(ffmpeg_path(Settings())), "-v", "error", "-y", "-f", "rawvideo"]
    argv += ["-pix_fmt", layout, "-s", "{}x{}".format(*size_wh), "-r", "30", "-i", "-"]
    argv += [*as_in_the_product(path.stem), "-pix_fmt", "yuv420p", str(path)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE)


def run_script(clip: Path, frames: int, size_wh: tuple[int, int], folder: Path) -> None:
    """Decode, matte and write one frame after the other."""
    network = PlainNetwork(size_wh)
    reader = open_reader(clip)
    layouts = {"alpha": "gray", "foreground": "rgb24", "preview": "rgb24"}
    writers = {
        kind: open_writer(folder / f"{kind}.mp4", layouts[kind], size_wh) for kind in layouts
    }
    checker = checkerboard(size_wh).astype(np.float32)
    for _ in range(frames):
        frame = read_frame(reader, size_wh)
        assert frame is not None
        foreground, alpha = (value[0].transpose(1, 2, 0) for value in network(to_image(frame)))
        colour = foreground * 255
        pictures = {
            "alpha": alpha * 255,
            "foreground": colour * alpha + GREEN * (1 - alpha),
            "preview": colour * alpha + checker * (1 - alpha),
        }
        for kind, picture in pictures.items():
            stdin = writers[kind].stdin
            assert stdin is not None
            stdin.write(picture.round().astype(np.uint8).tobytes())
    for writer in writers.values():
        writer.communicate()
    reader.kill()
    reader.communicate()


def run_loop(clip: Path, frames: int, size_wh: tuple[int, int]) -> dict[str, float]:
    reader = open_reader(clip)
    read = [read_frame(reader, size_wh) for _ in range(LOOP_FRAMES)]
    reader.kill()
    reader.communicate()
    images = [to_image(frame) for frame in read if frame is not None]
    network = PlainNetwork(size_wh)
    network(images[0])
    return timed(
        lambda: [network(images[number % len(images)]) for number in range(frames)] and None
    )


def run_job(
    clip: Path, frames: int, runtime: str, box: tuple[int, ...] | None = None
) -> dict[str, Any]:
    """Run a job of some frames after a short one; a box (x0, y0, x1, y1), in pixels, marks the target on frame 0."""
    import app
    from engines.base import RunContext
    from pipeline.session.request import MatteRequest
    from utils.types import Box, Prompt

    with tempfile.TemporaryDirectory() as workspace:
        settings = Settings(
            workspace_dir=Path(workspace), device="cpu", onnx_runtime=runtime, quick_preview=False
        )
        orchestrator = app.build_orchestrator(settings)
        session_id = orchestrator.create_session(clip, clip.name).id
        if box:
            orchestrator.segment(session_id, 0, Prompt(box=Box(*box)))

        def run(count: int) -> None:
            request = MatteRequest(
                engine="rvm", everyone=box is None, last=count - 1, every_frame=True
            )
            orchestrator.run_now(session_id, request, RunContext())

        run(WARM_UP_FRAMES)
        found: dict[str, Any] = timed(lambda: run(frames))
        found["details"] = orchestrator.state(session_id).run_details
        orchestrator.export(session_id, clip.parent / "job")
        orchestrator.close()
    return found


def run_floor(clip: Path) -> dict[str, float]:
    """Decode the clip and encode what `--prepare-floor` left, each by FFmpeg alone."""
    width, height = size_of(clip)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", "30"]

    def work() -> None:
        run_ffmpeg(["-i", str(clip), "-map", "0:v:0", "-f", "null", "-"])
        for kind in MP4S:
            run_ffmpeg(
                [*raw, "-i", str(clip.parent / f"{kind}.yuv"), *as_in_the_product(kind)],
                [str(clip.parent / "floor.mp4")],
            )

    return timed(work)


def size_of(clip: Path) -> tuple[int, int]:
    from pipeline.video_io import VideoIO

    return VideoIO(Settings()).probe(clip).size_wh


def timed(work: Any) -> dict[str, float]:
    began_s, before_s = time.perf_counter(), cpu_s()
    work()
    return {"cpu_s": cpu_s() - before_s, "wall_s": time.perf_counter() - began_s}


def step(options: argparse.Namespace) -> None:
    """Run one step in this process and print what it took as JSON."""
    clip, frames = options.clip, options.frames
    if options.step == "job":
        found = run_job(clip, frames, options.runtime, options.box)
    elif options.step == "loop":
        found = run_loop(clip, frames, size_of(clip))
    elif options.step == "floor":
        found = run_floor(clip)
    else:
        size_wh = size_of(clip)
        found = timed(lambda: run_script(clip, frames, size_wh, clip.parent))
    peaks = [
        resource.getrusage(who).ru_maxrss * 1024 // 10**6
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(json.dumps({**found, "own_peak_mb": peaks[0], "child_peak_mb": peaks[1]}))


def in_child(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, *arguments], check=True, capture_output=True, text=True
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def long_clip(source: Path, frames: int, folder: Path) -> Path:
    """Repeat the clip until it has so many frames; without sound."""
    path = folder / "source.mp4"
    run_ffmpeg(
        ["-stream_loop", "-1", "-i", str(source), "-an", "-frames:v", str(frames)],
        ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", str(path)],
    )
    return path


def compare(source: Path, frames: int, rounds: int, runtime: str) -> dict[str, Any]:
    """Return the least CPU and wall seconds a frame of each step, and the ratios that matter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = long_clip(source, frames, folder)
        common = ("--clip", str(clip), "--frames", str(frames), "--runtime", runtime)
        found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _STEPS}
        for _ in range(rounds):
            for kind in _STEPS:
                found[kind].append(in_child(*common, "--step", kind))
                if kind == "job":
                    for output in MP4S:
                        made = folder / "job" / f"{output}.mp4"
                        run_ffmpeg(
                            ["-i", str(made), "-f", "rawvideo", str(folder / f"{output}.yuv")]
                        )
    least = {
        kind: {key: min(one[key] for one in runs) / frames * 1000 for key in ("cpu_s", "wall_s")}
        for kind, runs in found.items()
    }
    bare = least["loop"]["cpu_s"] + least["floor"]["cpu_s"]
    return {
        "details": found["job"][0]["details"],
        "cpu_ms": {kind: value["cpu_s"] for kind, value in least.items()},
        "wall_ms": {kind: value["wall_s"] for kind, value in least.items()},
        "cpu_to_loop_and_floor": least["job"]["cpu_s"] / bare,
        "wall_to_script": least["job"]["wall_s"] / least["script"]["wall_s"],
        "peak_mb": max(one["own_peak_mb"] for one in found["job"]),
        "child_peak_mb": max(one["child_peak_mb"] for one in found["job"]),
    }


def peaks_by_length(
    source: Path, frames: int, runtime: str, box: tuple[int, ...] | None
) -> dict[str, dict[str, int]]:
    """Return the peak memory in MB of the job's processes for the clip and for one eight times as long."""
    peaks = {}
    for count in (frames, 8 * frames):
        with tempfile.TemporaryDirectory() as name:
            clip = long_clip(source, count, Path(name))
            arguments = ["--clip", str(clip), "--frames", str(count), "--runtime", runtime]
            arguments += ["--box", ",".join(map(str, box))] if box else []
            job = subprocess.Popen(
                [sys.executable, __file__, *arguments, "--step", "job"], stdout=subprocess.DEVNULL
            )
            peak = peak_of(job)
        if job.returncode:
            raise RuntimeError(f"the job failed with {job.returncode}")
        peaks[f"{count} frames"] = {
            kind: round(value / 1e6) for kind, value in asdict(peak).items()
        }
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory", action="store_true", help="peaks of a clip and one 8x as long")
    parser.add_argument(
        "--box",
        type=lambda text: tuple(map(int, text.split(","))),
        help="X0,Y0,X1,Y1 of a marked target on frame 0, with --memory",
    )
    parser.add_argument("--step", choices=_STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step(options)
    elif options.memory:
        peaks = peaks_by_length(options.clip, options.frames, options.runtime, options.box)
        print(json.dumps(peaks))
    else:
        results = compare(options.clip, options.frames, options.rounds, options.runtime)
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
