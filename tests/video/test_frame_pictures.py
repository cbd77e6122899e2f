"""Pictures of frames: exactly the frame asked for, and one decode for a frame and its neighbours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.session.frame_pictures import AHEAD, BEHIND
from pipeline.video_io import decode as decode_module
from tests.clips import ffmpeg
from tests.faults.workplace import Workplace, wait_until
from utils.errors import Cancelled

FRAMES = 60
STEP = 4
"""Levels between a frame's grey and the next one's."""
LONG_GOP = ("-c:v", "libx264", "-preset", "veryfast", "-qp", "10", "-bf", "3", "-g", "250")
VARIABLE = "7*floor(N/3)+if(eq(mod(N,3),0),0,if(eq(mod(N,3),1),1,3))"
"""Times with gaps of 1, 2 and 4 units in turn."""


def numbered_clip(path: Path, *output: str, times: str = "2*N") -> Path:
    """A clip of grey frames, frame n at the level 8 + 4n; its times are in units of 1/50 s."""
    ffmpeg(
        *("-f", "lavfi", "-i", "color=c=black:s=96x64:r=25", "-frames:v", str(FRAMES), "-vf"),
        f"format=gray,geq=lum='8+{STEP}*N',scale=out_range=tv,format=yuv420p,settb=1/50,setpts='{times}'",
        *("-fps_mode", "passthrough", "-enc_time_base", "1/50", *output, path),
    )
    return path


def number_in(jpeg: bytes) -> int:
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return round((float(grey.mean()) - 8) / STEP)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    workplace = Workplace(tmp_path)
    yield workplace
    assert workplace.orchestrator.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", *LONG_GOP)


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, bool]]:
    """First frame, end and whether it seeks, of every decode that begins."""
    begun: list[tuple[int, int, bool]] = []
    original = decode_module._decode

    def noting(reading, span, *, seek):
        begun.append((*span, seek))
        return original(reading, span, seek=seek)

    monkeypatch.setattr(decode_module, "_decode", noting)
    return begun


CLIPS: dict[str, Callable[[Path], Path]] = {
    "key frames": lambda folder: numbered_clip(
        folder / "clip.mp4", *LONG_GOP[:-1], "20", "-x264-params", "open-gop=1:scenecut=0"
    ),
    "variable rate": lambda folder: numbered_clip(folder / "clip.mp4", *LONG_GOP, times=VARIABLE),
    "offset": lambda folder: numbered_clip(
        folder / "clip.mkv", *LONG_GOP[:-1], "20", "-output_ts_offset", "7.3"
    ),
    "no index": lambda folder: numbered_clip(folder / "clip.ts", *LONG_GOP[:-1], "20"),
}


@pytest.mark.parametrize("kind", CLIPS)
def test_every_picture_is_its_own_frame(
    place: Workplace, tmp_path: Path, decodes: list[tuple[int, int, bool]], kind: str
) -> None:
    path = CLIPS[kind](tmp_path)
    session_id = place.orchestrator.create_session(path, path.name).id
    pictures = place.folder(session_id) / "frames"
    for asked in (41, 2, 59, 24):
        jpeg = place.orchestrator.frame_jpeg(session_id, asked, neighbours=True)
        assert number_in(jpeg) == asked
    wait_until((pictures / "000036.jpg").is_file, 10)
    for kept in pictures.glob("??????.jpg"):
        assert number_in(kept.read_bytes()) == int(kept.stem)
    if kind != "no index":
        # Every seek landed: a decode from the start would be one more.
        assert len(decodes) == 4


def test_one_decode_gives_the_neighbours_and_steps_need_no_other(
    place: Workplace, clip: Path, decodes: list[tuple[int, int, bool]]
) -> None:
    session_id = place.orchestrator.create_session(clip, "clip.mp4").id
    place.orchestrator.frame_jpeg(session_id, 30, neighbours=True)
    for frame in range(30 - BEHIND, 30 + AHEAD + 1):
        assert number_in(place.orchestrator.frame_jpeg(session_id, frame)) == frame
    assert decodes == [(30 - BEHIND, 30 + AHEAD + 1, True)]
    # Backwards, one more decode gives as many.
    place.orchestrator.frame_jpeg(session_id, 26, neighbours=True)
    assert decodes[1:] == [(26 - AHEAD, 27, True)]


def test_who_asks_for_one_frame_gets_one(place: Workplace, clip: Path) -> None:
    session_id = place.orchestrator.create_session(clip, "clip.mp4").id
    place.orchestrator.frame_jpeg(session_id, 3)
    assert [path.name for path in (place.folder(session_id) / "frames").iterdir()] == ["000003.jpg"]


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Holds every decode back until the event is set."""
    gate = threading.Event()
    original = decode_module._decode

    def held(reading, span, *, seek):
        while not gate.wait(0.02):
            if reading.cancel.is_set():
                raise Cancelled
        yield from original(reading, span, seek=seek)

    monkeypatch.setattr(decode_module, "_decode", held)
    return gate


def test_a_decode_goes_on_for_others_when_the_one_who_began_it_leaves(
    place: Workplace, clip: Path, gated: threading.Event, decodes: list[tuple[int, int, bool]]
) -> None:
    session_id = place.orchestrator.create_session(clip, "clip.mp4").id
    leaving = threading.Event()
    outcomes: dict[int, bytes | Exception] = {}

    def ask(frame: int, cancel: threading.Event | None, neighbours: bool) -> None:
        try:
            outcomes[frame] = place.orchestrator.frame_jpeg(
                session_id, frame, cancel, neighbours=neighbours
            )
        except Cancelled as error:
            outcomes[frame] = error

    first = threading.Thread(target=ask, args=(1, leaving, True))
    second = threading.Thread(target=ask, args=(4, None, False))
    first.start()
    wait_until(lambda: len(decodes) == 1, 5)
    second.start()
    time.sleep(0.1)
    leaving.set()
    first.join(5)
    assert isinstance(outcomes[1], Cancelled)
    gated.set()
    second.join(10)
    assert isinstance(outcomes[4], bytes)
    assert len(decodes) == 1
