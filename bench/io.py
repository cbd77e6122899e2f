"""CPU time of the pass around the engine (source + ready alpha to three MP4s) against FFmpeg's floor.

The floor is what FFmpeg alone needs to decode the source and to encode three raw streams that are
ready. CPU time is user + system of the whole process tree, best of the rounds, each step in a process
of its own; what a process pays once (loading libraries and compiled code, one frame) is a line of its
own. "source colours" is the pass without the foreground estimate, and
"kept master" the alpha that a job keeps besides. The clip is made at run time. Run as `python bench/io.py [--frames N] [--rounds N] [--memory] [--json]`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config import Settings  # noqa: E402
from engines.base import RunContext  # noqa: E402
from pipeline.postprocess import decontaminate  # noqa: E402
from pipeline.postprocess.appearance import Appearance  # noqa: E402
from pipeline.video_io import AlphaMasterWriter, VideoIO  # noqa: E402
from pipeline.video_io.ffmpeg import ffmpeg_path  # noqa: E402
from pipeline.video_io.outputs.alpha import RECIPE as ALPHA_RECIPE  # noqa: E402
from pipeline.video_io.outputs.composited import RECIPE as COMPOSITED_RECIPE  # noqa: E402
from utils.alpha_levels import to_levels  # noqa: E402
from utils.heap import keep_freed_blocks  # noqa: E402

SIZE_WH = (1920, 1080)
ALPHAS = 6
MP4S = ("alpha", "foreground", "preview")


def make_clip(folder: Path, frames: int) -> Path:
    path = folder / "source.mp4"
    width, height = SIZE_WH
    graph = f"testsrc2=s={width}x{height}:r=30,noise=alls=8:allf=t,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    run_ffmpeg(
        ["-f", "lavfi", "-i", graph, "-frames:v", str(frames), "-pix_fmt", "yuv420p"],
        ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", str(path)],
    )
    return path


def as_in_the_product(kind: str) -> list[str]:
    """Return FFmpeg's arguments that encode one of the MP4s as the product does."""
    recipe = ALPHA_RECIPE if kind == "alpha" else COMPOSITED_RECIPE
    options = [part for name, value in recipe.options.items() for part in (f"-{name}", value)]
    return ["-c:v", recipe.codec, *options]


def run_ffmpeg(*parts: list[str]) -> None:
    argv = [str(ffmpeg_path(Settings())), "-v", "error", "-nostdin", "-y"]
    subprocess.run([*argv, *(item for part in parts for item in part)], check=True)


@cache
def figures() -> list[np.ndarray]:
    """A standing figure with a soft, wavy outline, a few times."""
    width, height = SIZE_WH
    y, x = np.mgrid[:height, :width].astype(np.float32)
    made = []
    for phase in range(ALPHAS):
        angle = np.arctan2(y - 0.55 * height, x - 0.5 * width)
        radius = np.hypot((x - 0.5 * width) / 0.6, y - 0.55 * height)
        wavy = 0.4 * height + 12 * np.sin(40 * angle + phase) + 6 * np.sin(97 * angle)
        made.append(np.clip((wavy - radius) / 14 + 0.5, 0, 1))
    return [np.rint(alpha * 255).astype(np.uint8) for alpha in made]


def ready_alphas(frames: int) -> Iterator[np.ndarray]:
    made = figures()
    for index in range(frames):
        yield made[index % ALPHAS]


def render_pass(clip: Path, frames: int, outputs: list[str], estimate: bool) -> None:
    if not estimate:
        decontaminate.foreground_planes = lambda planes, alpha, half, **options: planes
    figures()
    video = VideoIO(Settings())
    info = video.probe(clip)

    def once(count: int) -> float:
        before, appearance = cpu_s(), Appearance()
        target = clip.parent / "out"
        alphas = ready_alphas(count)
        video.render(clip, info, alphas, outputs, target, appearance, RunContext(), last=count - 1)
        return cpu_s() - before

    start_s = once(1)
    report(once(frames), start_s=start_s)


def write_master(clip: Path, frames: int) -> None:
    """Write the kept alpha alone, as a job does beside its outputs."""
    levels = [to_levels(alpha) for alpha in figures()]

    def once(count: int) -> float:
        before = cpu_s()
        with AlphaMasterWriter(clip.parent / "alpha_master.nut", SIZE_WH) as master:
            for index in range(count):
                master.append(levels[index % ALPHAS])
        return cpu_s() - before

    start_s = once(1)
    report(once(frames), start_s=start_s)


def cpu_s() -> float:
    spent = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        spent += usage.ru_utime + usage.ru_stime
    return spent


def report(seconds: float, start_s: float = 0.0) -> None:
    peaks = [
        resource.getrusage(who).ru_maxrss * 1024 // 10**6
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(
        json.dumps(
            {
                "cpu_s": seconds,
                "start_s": start_s,
                "own_peak_mb": peaks[0],
                "child_peak_mb": peaks[1],
            }
        )
    )


def floor_step(clip: Path, kind: str) -> None:
    """Decode the source to nothing, or encode one ready raw stream."""
    before = cpu_s()
    if kind == "decode":
        run_ffmpeg(["-i", str(clip), "-map", "0:v:0", "-f", "null", "-"])
    else:
        width, height = SIZE_WH
        layout = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", "30"]
        run_ffmpeg(
            [*layout, "-i", str(clip.parent / f"{kind}.yuv"), *as_in_the_product(kind)],
            [str(clip.parent / "floor.mp4")],
        )
    report(cpu_s() - before)


def in_child(*arguments: str) -> dict[str, float]:
    """Run one measurement in a process of its own, so that its CPU time is its own."""
    argv = [sys.executable, __file__, *arguments]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(folder: Path, frames: int, rounds: int, everything: bool) -> dict[str, float]:
    """CPU milliseconds a frame; each round times every step once, so that all see the same machine."""
    clip = make_clip(folder, frames)
    common = ["--clip", str(clip), "--frames", str(frames)]
    mp4s = ["--outputs", ",".join(MP4S)]
    in_child(*common, *mp4s, "--step", "pass")
    for kind in MP4S:
        made = folder / "out" / f"{kind}.mp4"
        run_ffmpeg(["-i", str(made), "-f", "rawvideo", str(folder / f"{kind}.yuv")])
    steps = {"decode": ["--step", "decode"]}
    steps |= {f"encode {kind}": ["--step", kind] for kind in MP4S}
    steps |= {"pass": [*mp4s, "--step", "pass"]}
    steps |= {"pass, source colours": [*mp4s, "--step", "plain-pass"]}
    steps |= {"kept master": ["--step", "master"]}
    if everything:
        with_png = ",".join((*MP4S, "png"))
        steps |= {"pass with png": ["--outputs", with_png, "--step", "pass"]}
        six = ",".join((*MP4S, "png", "prores", "webm"))
        steps |= {"all six outputs": ["--outputs", six, "--step", "pass"]}
    timed = [
        {name: in_child(*common, *arguments) for name, arguments in steps.items()}
        for _ in range(rounds)
    ]
    results = {name: min(one[name]["cpu_s"] for one in timed) * 1000 / frames for name in steps}
    results["floor"] = results["decode"] + sum(results[f"encode {kind}"] for kind in MP4S)
    results["once a process (ms)"] = min(one["pass"]["start_s"] for one in timed) * 1000
    return results


def measure_memory(folder: Path, frames: int) -> dict[str, float]:
    peaks = {}
    for count in (frames, 8 * frames):
        clip = make_clip(folder, count)
        result = in_child(
            *("--clip", str(clip), "--frames", str(count), "--step", "pass"),
            *("--outputs", ",".join(MP4S)),
        )
        peaks[f"{count} frames"] = result["own_peak_mb"]
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="also time all six outputs together")
    parser.add_argument("--memory", action="store_true", help="peaks of a clip and one 8x as long")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--outputs", default=",".join(MP4S), help=argparse.SUPPRESS)
    options = parser.parse_args()
    keep_freed_blocks()  # as the program does
    if options.step in ("pass", "plain-pass"):
        estimate = options.step == "pass"
        render_pass(options.clip, options.frames, options.outputs.split(","), estimate)
        return
    if options.step == "master":
        write_master(options.clip, options.frames)
        return
    if options.step:
        floor_step(options.clip, options.step)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.memory:
            results = {"peak_mb": measure_memory(folder, options.frames)}
        else:
            results = {
                "cpu_ms_per_frame": measure(folder, options.frames, options.rounds, options.all)
            }
    if options.json:
        print(json.dumps(results))
        return
    for title, rows in results.items():
        print(f"{title} ({SIZE_WH[0]}x{SIZE_WH[1]}, {options.frames} frames)")
        for label, value in rows.items():
            is_step = "floor" in rows and "once" not in label
            ratio = f"  {value / rows['floor']:.2f}x" if is_step else ""
            print(f"  {label:24}{value:8.1f}{ratio}")


if __name__ == "__main__":
    main()
