"""What independent readers say of a file: PyAV on containers, FFmpeg on samples."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.clips import binary


@dataclass(frozen=True, slots=True)
class PictureTrack:
    """A video stream as PyAV has it; times in seconds."""

    times: list[float]
    start_s: float
    end_s: float
    rate: Fraction
    timecode: str
    sounds: list[str]


def read_track(path: Path) -> PictureTrack:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        base = stream.time_base
        times = sorted(float(packet.pts * base) for packet in packets)
        ends = [float((packet.pts + (packet.duration or 0)) * base) for packet in packets]
        holders = (*container.streams, container)
        codes = [
            item.metadata.get("timecode", item.metadata.get("TIMECODE", "")) for item in holders
        ]
        stated_s = (container.duration or 0) / 1e6
        is_matroska = container.format.name.startswith("matroska")
        return PictureTrack(
            times=times,
            start_s=float((stream.start_time or 0) * base),
            end_s=max(ends) if not is_matroska else stated_s,
            rate=Fraction(stream.average_rate or 0),
            timecode=max(codes),
            sounds=[sound.codec_context.layout.name for sound in container.streams.audio],
        )


def heard(path: Path, track: int = 0, rate: int = 48_000) -> np.ndarray:
    """Return a track's samples as one channel, float32, silence where the track has none."""
    argv = [binary(), "-v", "error", "-i", str(path), "-map", f"0:a:{track}", "-ac", "1"]
    argv += ["-af", "aresample=async=1:first_pts=0", "-ar", str(rate), "-f", "f32le", "-"]
    raw = subprocess.run(argv, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.float32)


def loud_s(samples: np.ndarray, rate: int = 48_000, threshold: float = 0.1) -> np.ndarray:
    """Return whether each millisecond is loud."""
    step = rate // 1000
    whole = len(samples) // step
    return np.abs(samples[: whole * step]).reshape(whole, step).max(axis=1) > threshold


def tone_of(samples: np.ndarray, rate: int = 48_000) -> float:
    """Return the strongest frequency in hertz."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))
