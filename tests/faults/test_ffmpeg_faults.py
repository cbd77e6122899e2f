"""FFmpeg that is missing, hangs, floods its log or fails late, in the middle of real steps."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest

from config import Settings
from pipeline.jobs.queue import JobState
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.state import SessionStatus
from pipeline.video_io import VideoIO
from tests.faults.workplace import (
    FRAMES,
    Workplace,
    assert_nothing_left,
    assert_said,
    ffmpeg_without_alpha_in_hevc,
    start_app,
    stop,
    wait_until,
)
from utils.errors import FfmpegFailed, SplazmatteError

BEHAVIOURS = {
    "hangs": "sleep 61 & sleep 61",
    "floods": "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done",
    "fails-late": '"$real" "$@" | head -c 40000; echo something broke >&2; exit 1',
    "fails-early": '"$real" "$@" | head -c 400; exit 1',
    "ends-early": "exit 0",
}


@pytest.fixture
def moody(tmp_path: Path) -> Callable[[str], Path]:
    """An FFmpeg that works until the file `mood` names a behaviour."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!/bin/bash\nreal={imageio_ffmpeg.get_ffmpeg_exe()}\n"
        f'case "$(cat {tmp_path}/mood 2>/dev/null)" in\n'
        + "".join(f"{name}) {what};;\n" for name, what in BEHAVIOURS.items())
        + '*) exec "$real" "$@";;\nesac\n'
    )
    program.chmod(0o755)

    def become(mood: str) -> Path:
        (tmp_path / "mood").write_text(mood)
        return program

    become("works")
    return become


def sleepers() -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] == ["sleep", "61"]
    ]


@pytest.mark.parametrize("mood", ["hangs", "floods", "fails-late", "ends-early"])
def test_a_job_fails_cleanly_and_the_next_one_works(
    make_workplace, moody, clip: Path, mask: Path, mood: str
) -> None:
    workplace = make_workplace(ffmpeg_path=moody("works"), ffmpeg_timeout_s=0.7)
    session_id = workplace.session_with_target(clip, mask)
    moody(mood)
    state = workplace.matte(session_id, outputs=("alpha", "foreground"))
    assert state.status is SessionStatus.FAILED
    assert state.error is not None
    assert state.error.code in ("video.decode_stuck", "video.decode_failed")
    assert_said(state.error, state.error.code)
    assert_nothing_left(workplace.folder(session_id))
    wait_until(lambda: not sleepers())
    assert workplace.store.open(session_id).source.is_file()
    moody("works")
    assert workplace.matte(session_id, outputs=("alpha",)).status is SessionStatus.DONE


@pytest.mark.parametrize("mood", ["hangs", "floods", "ends-early"])
def test_an_upload_is_refused_and_leaves_no_session(
    make_workplace, moody, clip: Path, mood: str
) -> None:
    workplace = make_workplace(ffmpeg_path=moody(mood), ffmpeg_timeout_s=0.7)
    with pytest.raises(SplazmatteError) as caught:
        workplace.orchestrator.create_session(clip, "x.mp4")
    assert caught.value.code in ("video.probe_timeout", "video.no_frames")
    assert_said(caught.value.message, caught.value.code)
    wait_until(lambda: not sleepers())
    assert list(workplace.store) == []
    assert not list(workplace.store.root.glob(".new-*"))


def test_what_came_of_a_clip_before_ffmpeg_failed_is_not_taken_for_all_of_it(
    make_workplace, moody, clip: Path
) -> None:
    workplace = make_workplace(ffmpeg_path=moody("fails-early"))
    state = workplace.orchestrator.create_session(clip, "x.mp4")
    assert 0 < state.clip.frame_count < FRAMES
    (notice,) = state.clip.notices
    assert_said(notice, "video.damaged_from")


def test_the_last_lines_of_ffmpeg_are_in_the_log_and_not_in_the_answer(
    make_workplace, moody, clip: Path, mask: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workplace = make_workplace(ffmpeg_path=moody("works"), ffmpeg_timeout_s=2.0)
    session_id = workplace.session_with_target(clip, mask)
    moody("fails-late")
    state = workplace.matte(session_id, outputs=("alpha", "foreground"))
    assert "something broke" in caplog.text
    assert "something broke" not in state.model_dump_json()


def test_a_cancel_ends_a_job_whose_ffmpeg_hangs(
    make_workplace, moody, clip: Path, mask: Path
) -> None:
    workplace = make_workplace(ffmpeg_path=moody("works"), ffmpeg_timeout_s=600.0)
    session_id = workplace.session_with_target(clip, mask)
    moody("hangs")
    workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    wait_until(sleepers)
    assert workplace.orchestrator.cancel(session_id)
    assert workplace.jobs.wait(session_id, 60) is JobState.CANCELLED
    wait_until(lambda: not sleepers())
    assert_nothing_left(workplace.folder(session_id))


@pytest.mark.parametrize("kind", ["missing", "no program", "too old"])
def test_serving_does_not_start_without_ffmpeg_and_says_what_to_do(
    tmp_path: Path, kind: str
) -> None:
    program = tmp_path / "ffmpeg"
    if kind != "missing":
        program.write_text("#!/bin/sh\necho ffmpeg version 4.4.1\n" if kind == "too old" else "?")
        program.chmod(0o755 if kind == "too old" else 0o644)
    process = start_app(
        "serve",
        "--port",
        "0",
        workspace=tmp_path / "workspace",
        SPLAZMATTE_FFMPEG_PATH=str(program),
    )
    try:
        _, error = process.communicate(timeout=60)
    finally:
        stop(process)
    assert process.returncode == 1
    (line,) = error.strip().splitlines()
    assert str(program) in line
    assert "SPLAZMATTE_FFMPEG_PATH" in line


def test_nothing_of_this_needs_a_shell(workplace: Workplace, clip: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "$(touch pwned);`touch pwned`.mp4"
    subprocess.run(["cp", "--", str(clip), str(hostile)], check=True)
    state = workplace.orchestrator.create_session(hostile, hostile.name)
    assert state.shown_name == hostile.name
    assert state.source == "source.mp4"
    assert not list(tmp_path.rglob("pwned"))


def test_hevc_with_an_ffmpeg_whose_x265_knows_no_alpha_is_refused_with_what_to_do(
    make_workplace, tmp_path: Path, clip: Path, mask: Path
) -> None:
    """The job matted every frame and then failed with "could not be written, run it again"."""
    program = ffmpeg_without_alpha_in_hevc(tmp_path / "ffmpeg")
    workplace = make_workplace(ffmpeg_path=program)
    session_id = workplace.session_with_target(clip, mask)
    request = MatteRequest(engine="builtin", outputs=("png", "hevc"))
    with pytest.raises(SplazmatteError) as refused:
        workplace.orchestrator.submit(session_id, request)
    assert_said(refused.value.message, "video.no_encoder")
    for wanted in ("foreground_hevc.mov", str(program), "SPLAZMATTE_FFMPEG_PATH"):
        assert wanted in str(refused.value)
    assert workplace.matte(session_id, outputs=("png",)).status is SessionStatus.DONE
    with pytest.raises(SplazmatteError) as refused:
        workplace.orchestrator.rerender(session_id, RenderRequest(outputs=("hevc",)))
    assert refused.value.code == "video.no_encoder"

    newer = make_workplace(folder=workplace.settings.workspace_dir)
    newer.orchestrator.rerender(session_id, RenderRequest(outputs=("hevc",)))
    assert newer.jobs.wait(session_id, 60) is JobState.DONE


def test_what_an_ffmpeg_said_that_died_or_was_replaced_is_not_kept(tmp_path: Path) -> None:
    """One that was killed at its answer counted as one without the encoder until the next start."""
    program = tmp_path / "ffmpeg"
    settings = Settings(_env_file=None, ffmpeg_path=program)

    def put(last: str, formats: str) -> None:
        program.write_text(f'#!/bin/bash\necho "Supported pixel formats: {formats}"\n{last}\n')
        program.chmod(0o755)
        # Packages have the time at which they were built, whichever is unpacked.
        os.utime(program, (0, 0))

    put("kill -9 $$", "yuv420p")
    with pytest.raises(FfmpegFailed):
        VideoIO(settings).check_encoders(("hevc",))
    put("exit 0", "yuv420p yuva420p")
    VideoIO(settings).check_encoders(("hevc",))
    put("exit 0", "yuv420p")
    assert VideoIO(settings).unwritable(("png", "hevc")) == ("hevc",)
