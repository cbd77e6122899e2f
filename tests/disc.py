"""A small clip made at run time: a bright disc that moves over a textured background, and its true mask."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from PIL import Image

from utils.types import Frame, Mask


def disc_frame(index: int, size_wh: tuple[int, int] = (160, 96)) -> tuple[Frame, Mask]:
    """Return frame `index` of the moving disc and its true mask."""
    width, height = size_wh
    noise = np.random.default_rng(7).integers(0, 90, (height // 4 + 1, width // 4 + 1, 3))
    frame = cv2.resize(noise.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((height, width), np.uint8)
    centre = (int(width * 0.3 + index * 1.5) % width, int(height * 0.5))
    cv2.circle(mask, centre, height // 5, 1, -1)
    frame = np.where(mask[..., None] > 0, np.array([225, 150, 40], np.uint8), frame)
    return frame.astype(np.uint8), mask > 0


def write_clip(
    path: Path,
    frame_count: int = 12,
    size_wh: tuple[int, int] = (160, 96),
    fps: str = "25",
    audio: bool = False,
    cuts: tuple[int, ...] = (),
) -> Path:
    """Encode the moving disc as H.264; `audio` adds a tone of the clip's length, each cut inverts the colours."""
    width, height = size_wh
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"] if audio else []
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", fps, "-i", "-",
        *sound,
        "-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p", *(["-c:a", "aac", "-shortest"] if audio else []),
        str(path),
    ]  # fmt: skip
    frames = (disc_frame(index, size_wh)[0] for index in range(frame_count))
    pixels = b"".join(
        (frame if sum(index >= cut for cut in cuts) % 2 == 0 else 255 - frame).tobytes()
        for index, frame in enumerate(frames)
    )
    subprocess.run(command, input=pixels, check=True)
    return path


def write_mask_png(path: Path, index: int = 0, size_wh: tuple[int, int] = (160, 96)) -> Path:
    """Write the disc's true mask of a frame as a PNG, 0 or 255."""
    Image.fromarray(disc_frame(index, size_wh)[1].astype(np.uint8) * 255).save(path)
    return path
