"""Measures the peak memory of `app.py matte` for a clip and for one eight times as long.

    python bench/memory.py [--sizes 640x360,1920x1080] [--frames 24] [--outputs …] [--json]

Memory is summed over the process and its FFmpeg children, sampled 20 times a second: what is resident (RSS, which
counts a page once for each process that has it), resident with each such page shared out (PSS), and what is a
process's alone (USS). Flat means that the long clip needs no more than the short one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from tests.disc import write_clip, write_mask_png
from tests.faults.workplace import ROOT, app_command, app_environment

INTERVAL_S = 0.05
LONGER = 8


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a process and its children together: resident, proportional and unique set sizes."""

    rss: int = 0
    pss: int = 0
    uss: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One job's peak; bytes of the whole process tree."""

    size: str
    frames: int
    peak: Memory
    seconds: float


def measure(folder: Path, size_wh: tuple[int, int], frames: int, outputs: str) -> Row:
    """Run one job and return its peak."""
    clip = write_clip(folder / f"{size_wh[0]}-{frames}.mp4", frames, size_wh, audio=True)
    mask = write_mask_png(folder / f"{size_wh[0]}.png", 0, size_wh)
    out = folder / f"out-{size_wh[0]}-{frames}"
    command = app_command(
        "matte", clip, "--mask", mask, "--engine", "builtin", "--outputs", outputs, "--out", out
    )
    began_s = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=app_environment(folder / "workspace"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = peak_of(process)
    if process.returncode:
        raise RuntimeError(f"the job failed with {process.returncode}")
    seconds = time.perf_counter() - began_s
    return Row(f"{size_wh[0]}x{size_wh[1]}", frames, peak, seconds)


def peak_of(process: subprocess.Popen[Any]) -> Memory:
    """Wait for a process and return the largest of each figure."""
    peak = Memory()
    while process.poll() is None:
        now = _tree_memory(process.pid)
        peak = Memory(max(peak.rss, now.rss), max(peak.pss, now.pss), max(peak.uss, now.uss))
        time.sleep(INTERVAL_S)
    return peak


def _tree_memory(pid: int) -> Memory:
    rss = pss = uss = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return Memory()
    for process in processes:
        try:
            memory = process.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        rss, pss, uss = rss + memory.rss, pss + memory.pss, uss + memory.uss
    return Memory(rss, pss, uss)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="640x360,1920x1080")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--outputs", default="alpha,foreground,preview")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes.split(","):
            width, height = map(int, size.split("x"))
            rows += [
                measure(Path(folder), (width, height), frames, options.outputs)
                for frames in (options.frames, options.frames * LONGER)
            ]
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    print(f"{'size':>10} {'frames':>7} {'RSS MB':>8} {'PSS MB':>8} {'USS MB':>8} {'seconds':>8}")
    for row in rows:
        print(
            f"{row.size:>10} {row.frames:>7} {row.peak.rss / 1e6:>8.0f} {row.peak.pss / 1e6:>8.0f} "
            f"{row.peak.uss / 1e6:>8.0f} {row.seconds:>8.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
