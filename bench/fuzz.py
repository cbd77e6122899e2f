"""Pushes mutated real files through the check of an upload and looks for crashes, hangs and leftovers.

    python bench/fuzz.py [--files 500] [--seed 3] [--json]

Each file is a real clip (mp4, mov, mkv, webm, avi, ts, gif, webp; with and without sound or alpha) that was
cut, overwritten, shuffled, spliced with another, or had its numbers made huge. It is taken in as an upload
is, one frame of what is accepted is read, and its own alpha where it has any. Every tenth file is a mask PNG instead. A typed refusal is the right answer,
and so is taking it; anything else is a finding.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from app import build_orchestrator
from config import Settings
from pipeline.session.store import SessionStore
from tests.clips import H264, ffmpeg, source
from tests.disc import write_mask_png
from utils.errors import BadUpload, FfmpegFailed, UnusablePrompt

GRACE_S = 5.0
"""How long after a file a decoder may take to end."""
SLOW_S = 30.0
"""An answer that takes longer is a hang."""
TONE = ("-f", "lavfi", "-i", "sine=d=0.4")


@dataclass
class Report:
    """What the files came to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def seeds(folder: Path) -> list[bytes]:
    """Return small real clips of every container."""
    picture = source("96x64", frames=10)
    wide = source("256x128", frames=4)  # FFmpeg reads no APV that is smaller than a tile
    vp9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
    half = ("-vf", "format=rgba,colorchannelmixer=aa=0.5")
    made = {
        "plain.mp4": (*picture, *H264),
        "index-first.mp4": (*picture, *H264, "-movflags", "+faststart"),
        "fragments.mp4": (*picture, *H264, "-movflags", "frag_keyframe+empty_moov"),
        "sound.mp4": (*picture[:-2], *TONE, *picture[-2:], *H264, "-c:a", "aac"),
        "prores.mov": (*picture, "-c:v", "prores_ks", "-profile:v", "0"),
        "plain.mkv": (*picture, *H264),
        "sound.mkv": (*picture[:-2], *TONE, *picture[-2:], *H264, "-c:a", "flac"),
        "plain.webm": (*picture, *vp9),
        "mjpeg.avi": (*picture, "-c:v", "mjpeg"),
        "mpeg4.avi": (*picture[:-2], *TONE, *picture[-2:], "-c:v", "mpeg4", "-c:a", "mp3"),
        "stream.ts": (*picture[:-2], *TONE, *picture[-2:], *H264, "-c:a", "aac", "-f", "mpegts"),
        "film.gif": (*picture, "-c:v", "gif"),
        "film.webp": (*picture, "-c:v", "libwebp_anim"),
        "alpha.webm": (*picture, *half, "-pix_fmt", "yuva420p", *vp9, "-auto-alt-ref", "0"),
        "alpha.mov": (*picture, *half, "-c:v", "qtrle"),
        "cineform.mov": (*picture, "-pix_fmt", "yuv422p10le", "-c:v", "cfhd"),
        "hap.mov": (*picture, "-c:v", "hap"),
        "apv.mp4": (*wide, "-pix_fmt", "yuv422p10le", "-c:v", "liboapv"),
        "vvc.mp4": (*picture, "-pix_fmt", "yuv420p10le", "-c:v", "libvvenc"),
        "utvideo.avi": (*picture, "-pix_fmt", "yuv422p", "-c:v", "utvideo"),
    }
    for name, arguments in made.items():
        ffmpeg(*arguments, folder / name)
    return [(folder / name).read_bytes() for name in made]


def mutate(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return the file with one to three kinds of damage."""
    for _ in range(chance.randint(1, 3)):
        content = chance.choice(_DAMAGES)(bytearray(content), other, chance)
    return content


def _cut(body: bytearray, other: bytes, chance: random.Random) -> bytes:
    return bytes(body[: chance.randrange(len(body) + 1)])


def _flip(body: bytearray, other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 4, 32, 300))):
        if body:
            body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def _flip_head(body: bytearray, other: bytes, chance: random.Random) -> bytes:
    """Damage where the boxes and numbers are, not the picture."""
    for _ in range(chance.choice((1, 2, 8))):
        where = chance.choice((slice(0, 400), slice(-900, None)))
        places = range(len(body))[where]
        if places:
            body[chance.choice(places)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(body)


def _huge_number(body: bytearray, other: bytes, chance: random.Random) -> bytes:
    if len(body) > 8:
        value = chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 65536, 8192))
        struct.pack_into(chance.choice((">I", "<I")), body, chance.randrange(len(body) - 4), value)
    return bytes(body)


def _drop(body: bytearray, other: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(body) + 1)
    del body[begin : begin + chance.choice((1, 7, 64, 2000))]
    return bytes(body)


def _repeat(body: bytearray, other: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(body) + 1)
    piece = bytes(body[begin : begin + chance.choice((8, 200, 3000))])
    return bytes(body[:begin]) + piece * chance.choice((2, 20)) + bytes(body[begin:])


def _splice(body: bytearray, other: bytes, chance: random.Random) -> bytes:
    return bytes(body[: chance.randrange(len(body) + 1)]) + other[chance.randrange(len(other)) :]


_DAMAGES = (
    _cut,
    _flip,
    _flip,
    _flip_head,
    _flip_head,
    _huge_number,
    _huge_number,
    _drop,
    _repeat,
    _splice,
)


class Fuzz:
    """One workspace that takes every file in."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)
        self._settings = Settings(
            _env_file=None,
            workspace_dir=folder / "workspace",
            models_dir=folder / "no-models",
            min_free_disk_bytes=1_000_000,
            ffmpeg_timeout_s=10.0,
        )
        self._orchestrator = build_orchestrator(self._settings)
        self._seeds = seeds(folder)
        self._mask = write_mask_png(folder / "mask.png", 0, (96, 64)).read_bytes()
        good = folder / "plain.mp4"
        self._session_id = self._orchestrator.create_session(good, "good.mp4").id
        self.report = Report()

    def run(self, files: int) -> Report:
        """Push that many files through; return what came of them."""
        store = SessionStore(self._settings.workspace_dir)
        # Children of these, such as a test browser's, come and go.
        others = set(psutil.Process().children())
        for number in range(files):
            began_s = time.perf_counter()
            try:
                outcome = self._mask_once() if number % 10 == 9 else self._clip_once()
            except Exception as error:
                outcome = "finding"
                self._find(number, f"{type(error).__name__}: {error}")
            seconds = time.perf_counter() - began_s
            self.report.outcomes[outcome] += 1
            self.report.slowest_s = max(self.report.slowest_s, seconds)
            if seconds > SLOW_S:
                self._find(number, f"took {seconds:.0f} s")
            if _still_runs(others):
                self._find(number, "a process is left running")
            left = [path.name for path in store.root.rglob("*") if ".partial" in path.name]
            left += [path.name for path in store.root.glob(".*")]
            if left or len(list(store)) != 1:
                self._find(number, f"left over: {left}")
        return self.report

    def _find(self, number: int, what: str) -> None:
        kept = self._folder / "x.mp4"
        self.report.findings.append(f"file {number}: {what}")
        if kept.is_file():
            kept.rename(self._folder / f"finding-{number}.bin")

    def _clip_once(self) -> str:
        path = self._folder / "x.mp4"
        other = self._chance.choice(self._seeds)
        path.write_bytes(mutate(self._chance.choice(self._seeds), other, self._chance))
        try:
            state = self._orchestrator.create_session(path, "x.mp4")
        except BadUpload as error:
            return error.code
        try:
            last = state.clip.frame_count - 1
            self._orchestrator.frame_jpeg(state.id, last)
            if state.clip.has_alpha:
                with contextlib.suppress(UnusablePrompt):
                    self._orchestrator.select_source_alpha(state.id, last)
            return "accepted, told" if state.clip.notices else "accepted"
        except FfmpegFailed as error:
            return f"accepted, then {error.code}"
        finally:
            self._orchestrator.discard(state.id)

    def _mask_once(self) -> str:
        path = self._folder / "x.png"
        path.write_bytes(mutate(self._mask, self._chance.choice(self._seeds), self._chance))
        try:
            self._orchestrator.read_mask_upload(self._session_id, 0, path)
        except UnusablePrompt as error:
            return error.code
        return "mask accepted"


def _still_runs(others: set[psutil.Process]) -> bool:
    """Tell whether a child process other than these is there after a moment: a picture's decoder ends by itself."""
    started = set(psutil.Process().children()) - others
    return bool(psutil.wait_procs(started, timeout=GRACE_S)[1])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    began_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = Fuzz(Path(folder), options.seed).run(options.files)
    seconds = time.perf_counter() - began_s
    if options.json:
        print(
            json.dumps(
                {
                    "outcomes": report.outcomes,
                    "slowest_s": report.slowest_s,
                    "findings": report.findings,
                    "seconds": seconds,
                }
            )
        )
    else:
        for outcome, count in report.outcomes.most_common():
            print(f"{count:>5} {outcome}")
        print(f"slowest {report.slowest_s:.1f} s, {seconds:.0f} s in all")
        print("\n".join(report.findings) or "no finding")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
