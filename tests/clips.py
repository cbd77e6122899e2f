"""Clips made at run time with the FFmpeg that comes with pip; nothing of them is kept in the repo."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest


@cache
def binary() -> str:
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def ffmpeg(*arguments: str | Path, program: str | None = None) -> None:
    argv = [program or binary(), "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}\n{done.stderr[-2000:]}")


def system_ffmpeg() -> str:
    """The distribution's FFmpeg, which may have other encoders; skips where there is none."""
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("no FFmpeg of the system's own is installed")
    return found


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def source(size: str = "160x90", rate: str = "25", frames: int = 10) -> list[str]:
    """Input arguments of a moving test picture."""
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}", "-frames:v", str(frames)]


def make_clip(
    path: Path,
    *,
    size: str = "160x90",
    rate: str = "25",
    frames: int = 10,
    extra: tuple[str, ...] = H264,
) -> Path:
    ffmpeg(*source(size, rate, frames), *extra, path)
    return path


def make_odd_clip(path: Path, size: str, frames: int = 10) -> Path:
    """4:4:4, since H.264 can't hold odd sides in 4:2:0; testsrc2 makes even sides only."""
    scale = f"format=yuv444p,scale={size.replace('x', ':')}"
    ffmpeg(*source(frames=frames), "-vf", scale, "-c:v", "libx264", "-qp", "0", path)
    return path


def flat_clip(path: Path, colour: str, size: str, *extra: str, frames: int = 3) -> Path:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        f"color=c={colour}:s={size}:r=25",
        "-frames:v",
        str(frames),
        *extra,
        path,
    )
    return path


def make_sound_clip(path: Path, *, rate: str = "25", frames: int = 50, codec: str = "aac") -> Path:
    """A clip whose tone changes from 440 Hz to 1760 Hz in the middle."""
    seconds = frames / eval_rate(rate)
    tone = f"aevalsrc='0.3*sin(2*PI*t*if(lt(t,{seconds / 2}),440,1760))':s=48000:d={seconds}"
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=s=160x90:r={rate}", "-f", "lavfi", "-i", tone),
        *("-frames:v", str(frames), *H264, "-c:a", codec, path),
    )
    return path


def eval_rate(rate: str) -> float:
    above, _, below = rate.partition("/")
    return int(above) / int(below or 1)


def make_vfr_clip(path: Path, filters: str = "null") -> Path:
    """24 frames whose gaps are 1, 2 and 4 units of 1/50 s in turn."""
    gaps = "if(eq(mod(N,3),0),7*floor(N/3),if(eq(mod(N,3),1),7*floor(N/3)+1,7*floor(N/3)+3))"
    ffmpeg(
        *source(frames=24),
        *(
            "-vf",
            f"{filters},settb=1/50,setpts='{gaps}'",
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "1/50",
        ),
        *H264,
        path,
    )
    return path


def decode(path: Path, pixel_format: str, *before: str) -> np.ndarray:
    """All frames as FFmpeg itself decodes them: uint8 (N, H, W[, C])."""
    probe = subprocess.run(
        [binary(), "-v", "error", *before, "-i", str(path), "-map", "0:v:0", "-f", "framecrc", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sizes = [line for line in probe.splitlines() if line.startswith("#dimensions")]
    width, height = map(int, sizes[0].split(": ")[1].split("x"))
    argv = [binary(), "-v", "error", *before, "-i", str(path), "-map", "0:v:0"]
    raw = subprocess.run(
        [*argv, "-fps_mode", "passthrough", "-pix_fmt", pixel_format, "-f", "rawvideo", "-"],
        capture_output=True,
        check=True,
    ).stdout
    channels = {"gray": 1, "rgb24": 3, "rgba": 4}[pixel_format]
    frames = np.frombuffer(raw, np.uint8).reshape(-1, height, width, channels)
    return frames[..., 0] if channels == 1 else frames


def packet_times(path: Path, stream: str = "v:0") -> list[float]:
    """Seconds of every packet, sorted, as the container stores them."""
    opening = f"-map 0:{stream} -c copy -f framecrc -".split()
    listed = subprocess.run(
        [binary(), "-v", "error", "-copyts", "-i", str(path), *opening],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    above, below = next(line for line in listed if line.startswith("#tb")).split(": ")[1].split("/")
    rows = [line.split(",") for line in listed if not line.startswith("#")]
    return sorted(int(row[2]) * int(above) / int(below) for row in rows)
