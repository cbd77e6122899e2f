"""The clips these tests upload: a bright disc that moves over a dull background, and a figure of two parts."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image


def disc_mask(index: int, size_wh: tuple[int, int]) -> np.ndarray:
    """Where the disc is on a frame, bool (H, W)."""
    width, height = size_wh
    rows, columns = np.mgrid[:height, :width]
    centre = int(width * 0.3 + index * 0.5) % width
    return (columns - centre) ** 2 + (rows - height // 2) ** 2 < (height // 5) ** 2


def write_disc_clip(
    path: Path,
    frame_count: int = 12,
    size_wh: tuple[int, int] = (160, 96),
    pixel_aspect: str = "1",
) -> Path:
    """Encode the moving disc as H.264 at 25 frames a second; it is round in the stored pixels, whatever their shape."""
    width, height = size_wh
    dull = np.random.default_rng(7).integers(20, 60, (height, width, 3)).astype(np.uint8)
    frames = [
        np.where(disc_mask(index, size_wh)[..., None], np.uint8([225, 150, 40]), dull).tobytes()
        for index in range(frame_count)
    ]
    return _encode(path, frames, size_wh, pixel_aspect)


FIGURE_CLICK = 160, 128
"""A click on the figure's body, which may mean it or the whole figure."""


def write_figure_clip(path: Path, frame_count: int = 3) -> Path:
    """Encode a figure of 320x192 that stands still: an orange head on a blue body. A click has several answers."""
    width, height = size_wh = 320, 192
    picture = np.random.default_rng(7).integers(20, 60, (height, width, 3)).astype(np.uint8)
    rows, columns = np.mgrid[:height, :width]
    picture[(columns - 160) ** 2 + (rows - 64) ** 2 < 27**2] = 225, 150, 40
    picture[88:185, 122:199] = 40, 90, 200
    return _encode(path, [picture.tobytes()] * frame_count, size_wh)


def _encode(
    path: Path, frames: list[bytes], size_wh: tuple[int, int], pixel_aspect: str = "1"
) -> Path:
    width, height = size_wh
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", "-",
        "-vf", f"setsar={pixel_aspect}", "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", str(path),
    ]  # fmt: skip
    subprocess.run(command, input=b"".join(frames), check=True)
    return path


def write_disc_mask(path: Path, size_wh: tuple[int, int] = (160, 96)) -> Path:
    """Write the disc's true mask of the first frame as a PNG."""
    Image.fromarray(disc_mask(0, size_wh)).convert("L").save(path)
    return path
