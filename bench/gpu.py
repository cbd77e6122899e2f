"""MatAnyone beside upstream and VideoMaMa beside the official pipeline: ms a frame and peak memory, in one run.

    python bench/gpu.py [--size 1920x1080] [--frames 24] [--videomama-frames 48] [--scratch DIR]
        [--official CHECKOUT] [--device auto] [--json]

Random weights of the published shapes: they show speed, memory and equality, never quality. `--scratch` gets those
of VideoMaMa (3.3 GB); `--official` is a checkout of cvlab-kaist/VideoMaMa, whose pipeline wants einops and torchvision.
On a CPU the times are processor time, VideoMaMa's networks are the tests' tiny ones, and sizes are small unless
given: that shows that the script works and that results are equal, nothing about a GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import reference_matanyone, videomama_full  # noqa: E402
from bench.against_upstream import FILL_FRAMES, compare_matanyone  # noqa: E402
from bench.engines import machine, moving_object  # noqa: E402
from engines.device.placement import release_memory, resolve_device  # noqa: E402


def matanyone_rows(size_wh: tuple[int, int], count: int, device: str) -> list[dict[str, Any]]:
    """Upstream, ours, and what was tried; empty where upstream's package is not installed."""
    if reason := reference_matanyone.missing_reason():
        print(reason, file=sys.stderr)
        return []
    frames, masks = moving_object(size_wh, 1 + FILL_FRAMES + count)
    return [asdict(row) for row in compare_matanyone(frames, masks, device, variants=True)]


def videomama_rows(
    size_wh: tuple[int, int], count: int, device: str, scratch: Path, official: Path | None
) -> list[dict[str, Any]]:
    """Ours, and the official pipeline where its checkout is given."""
    if device == "cpu":
        from tests.engines.tiny_videomama import build_tiny_videomama

        folder = build_tiny_videomama(scratch)
    else:
        folder = videomama_full.write_random_weights(scratch)
    frames, masks = videomama_full.clip(count, *size_wh)
    rows = [{"variant": "ours", **videomama_full.run_ours(folder, device, frames, masks)}]
    if official is not None:
        found = videomama_full.run_official(folder, official, device, frames, masks)
        rows.append({"variant": "official pipeline", **found})
    return rows


def print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    print(title)
    for row in rows:
        peak = row["peak_bytes"]
        cells = [f"{1000 * row['seconds_a_frame']:9.1f} ms a frame"]
        cells.append("          " if peak is None else f"{peak / 1e6:7.0f} MB")
        if "ratio" in row:
            cells.append(f"{row['ratio']:5.2f} x")
        if row.get("max_difference") is not None:
            cells.append(f"alpha {row['max_difference']:.1e} at most, {row['mean_difference']:.1e}")
        print(f"  {row['variant']:24}", *cells)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench/gpu.py", description=__doc__.splitlines()[0])
    parser.add_argument("--size", help="of MatAnyone's frames; VideoMaMa always works at 1024x576")
    parser.add_argument("--frames", type=int, help="MatAnyone's frames that count")
    parser.add_argument("--videomama-frames", type=int)
    parser.add_argument(
        "--scratch", type=Path, help="folder for random weights; else a temporary one"
    )
    parser.add_argument("--official", type=Path, help="checkout of cvlab-kaist/VideoMaMa")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    device = resolve_device(options.device)
    on_gpu = device == "cuda"
    width, height = (options.size or ("1920x1080" if on_gpu else "128x80")).split("x")
    count = options.frames or (24 if on_gpu else 2)
    found = {"machine": machine(device), "size": f"{width}x{height}"}
    found["matanyone"] = matanyone_rows((int(width), int(height)), count, device)
    release_memory()
    with tempfile.TemporaryDirectory(prefix="splazmatte-bench-") as made:
        found["videomama"] = videomama_rows(
            (1024, 576) if on_gpu else (64, 64),
            options.videomama_frames or (48 if on_gpu else 20),
            device,
            options.scratch or Path(made),
            options.official,
        )
    if options.json:
        print(json.dumps(found))
        return 0
    print(f"{found['machine']}, {device}; processor time" if not on_gpu else found["machine"])
    print_rows(f"MatAnyone, {width}x{height}, random weights", found["matanyone"])
    print_rows("VideoMaMa, random weights", found["videomama"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
