"""Compiles the loops that a mark and a job need; their machine code is kept on disk: python -m scripts.compile_loops."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

_ROOT = Path(__file__).resolve().parents[1]
_SIZE_WH = 128, 96
_FRAMES = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one job on pictures of a few pixels; its engine marks and tracks once when it is loaded.

    Raises:
        CalledProcessError: the files could not be written.
        SystemExit: help was asked for, or there are arguments, which it has none of.
    """
    argparse.ArgumentParser(
        prog="scripts.compile_loops",
        description="Compile the loops that a mark and a job need, and keep their machine code on disk.",
    ).parse_args(arguments)
    with TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            **os.environ,
            "SPLAZMATTE_WORKSPACE_DIR": str(folder / "workspace"),
            "SPLAZMATTE_FOREGROUND_NETWORK": "off",
        }
        command = [sys.executable, str(_ROOT / "app.py"), *_matte_arguments(folder)]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _matte_arguments(folder: Path) -> list[str]:
    """Write a sequence of pictures and a mask; return the arguments of a job that mattes them."""
    width, height = _SIZE_WH
    # Texture shows how the camera moves, which some loops are for.
    texture = np.random.default_rng(0).integers(0, 120, (height, width + _FRAMES, 3), np.uint8)
    texture = cv2.blur(texture, (3, 3))
    for number in range(_FRAMES):
        mask = np.zeros((height, width), dtype=np.uint8)
        cv2.circle(mask, (width // 3 + number, height // 2), height // 4, 255, cv2.FILLED)
        picture = texture[:, number : number + width].copy()
        picture[mask > 0] = 200
        cv2.imwrite(str(folder / f"picture.{number:04d}.png"), cv2.blur(picture, (3, 3)))
        if number == 0:
            cv2.imwrite(str(folder / "mask.png"), mask)
    given = ["matte", str(folder / "picture.%04d.png"), "--mask", str(folder / "mask.png")]
    made = ["--outputs", "alpha,foreground,preview,png,prores", "--out", str(folder / "files")]
    # Without an edge control most of the files are written by other loops.
    return [*given, "--engine", "builtin", "--despill", "1", *made]


if __name__ == "__main__":
    main()
