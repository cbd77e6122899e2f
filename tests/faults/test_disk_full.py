"""A disk without room, before and during a job, at every place that writes."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import app
from config import Settings
from pipeline.session.request import RenderRequest
from pipeline.session.state import SessionStatus
from pipeline.storage import disk
from tests.clips import make_clip
from tests.faults.workplace import (
    ROOT,
    app_command,
    app_environment,
    assert_nothing_left,
    assert_said,
    partials,
)
from ui.command_line.cli import main
from utils.errors import DiskDenied, NotEnoughDisk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root; RLIMIT_FSIZE is tested instead")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave_bytes: int) -> Path:
    """Take the free bytes of a disk away but for some; return the file that holds them."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free
    with ballast.open("wb") as stream:
        stream.write(bytes(max(free - leave_bytes, 0)))
    return ballast


def noisy(frames, guide, start, context):
    """Alphas that can't be compressed, so that the disk fills up."""
    from engines.base import MattedFrame

    random = np.random.default_rng(1)
    for index in range(len(frames)):
        context.report("matte", index + 1, len(frames))
        yield MattedFrame(index, random.random(guide[start].shape, np.float32))


def test_a_job_that_would_not_fit_is_refused_with_the_numbers(
    make_workplace, clip: Path, mask: Path
) -> None:
    workplace = make_workplace()
    session_id = workplace.session_with_target(clip, mask)
    free = shutil.disk_usage(workplace.settings.workspace_dir).free
    greedy = make_workplace(min_free_disk_bytes=2 * free)
    with pytest.raises(NotEnoughDisk) as caught:
        greedy.matte(session_id)
    assert_said(caught.value.message, "job.disk_before")
    assert "if there are any" in caught.value.user_message, "nobody may have a session to delete"
    assert str(2 * free // disk.MEGABYTE) in caught.value.user_message
    assert workplace.orchestrator.state(session_id).status is SessionStatus.READY
    with pytest.raises(NotEnoughDisk, match="if there are any") as refused:
        greedy.orchestrator.create_session(clip, "x.mp4")
    assert_said(refused.value.message, "video.disk_before")
    assert len(list(workplace.store)) == 1


def test_a_disk_below_the_reserve_is_said_at_the_start(
    make_workplace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The page started in silence and refused every upload, advising users to delete sessions."""
    make_workplace().orchestrator.check_tools()
    assert "SPLAZMATTE_MIN_FREE_DISK_BYTES" not in caplog.text
    free = shutil.disk_usage(tmp_path).free
    greedy = make_workplace(min_free_disk_bytes=2 * free)
    greedy.orchestrator.check_tools()
    (line,) = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert f"SPLAZMATTE_MIN_FREE_DISK_BYTES ({2 * free // disk.MEGABYTE} MB)" in line


def test_a_disk_that_runs_low_stops_the_job_and_keeps_the_clip(
    make_workplace, small_disk: Path, clip: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "CHECK_INTERVAL_S", 0.0)
    workplace = make_workplace(small_disk, min_free_disk_bytes=400_000, disk_floor_bytes=400_000)
    session_id = workplace.session_with_target(clip, mask)

    def process(frames, guide, start, context):
        fill(small_disk, 200_000)
        workplace.engine.does = noisy
        yield from noisy(frames, guide, start, context)

    workplace.engine.does = process
    state = workplace.matte(session_id, outputs=("alpha",))
    assert state.status is SessionStatus.FAILED
    assert_said(state.error, "job.disk_during")
    assert workplace.store.open(session_id).source.is_file()
    assert_nothing_left(workplace.folder(session_id))
    (small_disk / "ballast").unlink()
    assert workplace.matte(session_id, outputs=("alpha",)).status is SessionStatus.DONE


@pytest.mark.parametrize("outputs", [("alpha",), ("png",), ("foreground", "preview"), ("prores",)])
def test_a_full_disk_in_the_middle_of_a_job_is_the_disk_error(
    make_workplace, small_disk: Path, clip: Path, mask: Path, outputs: tuple[str, ...]
) -> None:
    workplace = make_workplace(small_disk, min_free_disk_bytes=1, disk_floor_bytes=0)
    session_id = workplace.session_with_target(clip, mask)

    def process(frames, guide, start, context):
        for item in noisy(frames, guide, start, context):
            if item.index == 2:
                fill(small_disk, 0)
            yield item

    workplace.engine.does = process
    state = workplace.matte(session_id, outputs=outputs)
    # The state can be written again because the unfinished files went first.
    assert state.status is SessionStatus.FAILED
    assert state.error is not None
    assert state.error.code in ("job.disk_during", "video.disk_full")
    assert_said(state.error, state.error.code)
    assert workplace.store.open(session_id).source.is_file()
    assert workplace.store.open(session_id).instance_path(0, 0).is_file()
    assert_nothing_left(workplace.folder(session_id))


def test_a_full_disk_at_an_upload_or_a_click_leaves_nothing_half(
    make_workplace, small_disk: Path, clip: Path, mask: Path
) -> None:
    workplace = make_workplace(small_disk, min_free_disk_bytes=0, disk_floor_bytes=0)
    session_id = workplace.session_with_target(clip, mask)
    before = workplace.orchestrator.state(session_id)
    fill(small_disk, 0)
    for attempt in (
        lambda: workplace.orchestrator.create_session(clip, "second.mp4"),
        lambda: workplace.orchestrator.read_mask_upload(session_id, 1, mask),
        lambda: workplace.matte(session_id),
    ):
        with pytest.raises(NotEnoughDisk) as caught:
            attempt()
        assert caught.value.code in ("job.disk_full", "job.disk_before", "video.disk_before")
    assert workplace.orchestrator.frame_jpeg(session_id, 2).startswith(b"\xff\xd8")
    assert [session.id for session in workplace.store] == [session_id]
    assert workplace.orchestrator.state(session_id) == before
    assert not partials(small_disk)
    assert not list(workplace.store.root.glob(".new-*"))


@pytest.mark.parametrize("is_full_before", [True, False])
def test_a_full_disk_while_rendering_again_keeps_the_files_that_were_there(
    make_workplace, small_disk: Path, clip: Path, mask: Path, is_full_before: bool
) -> None:
    workplace = make_workplace(small_disk, min_free_disk_bytes=1, disk_floor_bytes=0)
    session_id = workplace.session_with_target(clip, mask)
    done = workplace.matte(session_id, outputs=("alpha",))
    assert done.status is SessionStatus.DONE
    folder = workplace.folder(session_id)
    before = (folder / "alpha.mp4").read_bytes()
    real = disk.check_before

    def check_then_fill(*arguments: object) -> None:
        real(*arguments)
        fill(small_disk, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "check_before", check_then_fill)
        workplace.jobs.pause(is_paused=is_full_before)
        workplace.orchestrator.rerender(session_id, RenderRequest(outputs=("png",)))
        if is_full_before:
            fill(small_disk, 0)
            workplace.jobs.pause(is_paused=False)
        workplace.jobs.wait(session_id, 30)
    status = workplace.orchestrator.status(session_id).job
    assert status is not None
    assert status.error is not None
    during = ("job.disk_during", "video.disk_full")
    assert status.error.code in (("job.disk_before",) if is_full_before else during)
    state = workplace.orchestrator.state(session_id)
    assert state.status is SessionStatus.DONE
    assert state.outputs == done.outputs
    assert (folder / "alpha.mp4").read_bytes() == before
    assert_nothing_left(folder)


def test_a_limit_on_file_size_is_the_disk_error_at_the_command_line(
    tmp_path: Path, clip: Path, mask: Path
) -> None:
    script = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, 25_000))\n"
        f"sys.argv = {app_command('matte', clip, '--mask', mask, '--engine', 'builtin', '--outputs', 'prores', '--out', tmp_path / 'out')[1:]!r}\n"
        "runpy.run_path('app.py', run_name='__main__')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=app_environment(tmp_path / "workspace"),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 2, result.stderr
    assert "MB free" in result.stderr.splitlines()[-1]
    assert not partials(tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_told_from_other_troubles_of_the_system(tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        with pytest.raises(NotEnoughDisk), disk.translate_disk_errors(tmp_path / "gone"):
            raise OSError(number, "no room")
    with pytest.raises(PermissionError), disk.translate_disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "no")


@pytest.mark.parametrize("place", ["workspace", "sessions"])
def test_a_folder_that_can_not_be_written_is_told_from_an_internal_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """A file stands where the folder should be, which refuses everybody: root may write wherever others may not."""
    workspace = tmp_path / "workspace"
    if place == "sessions":
        workspace.mkdir()
    (tmp_path / "workspace" / ("" if place == "workspace" else place)).touch()
    settings = Settings(_env_file=None, workspace_dir=workspace, models_dir=tmp_path)
    clip = make_clip(tmp_path / "clip.mp4", frames=1)
    words = ["segment", str(clip), "--box", "9,9,50,50", "-o", str(tmp_path / "m.png")]
    assert main(words, lambda: settings, app.build_orchestrator, lambda _: None) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Not a directory" in line or "File exists" in line
    assert "SPLAZMATTE_WORKSPACE_DIR" in line


def test_a_denied_folder_is_told_and_what_lies_elsewhere_is_not_blamed_on_it(
    tmp_path: Path,
) -> None:
    for refused in (tmp_path, tmp_path / "sessions" / "a", tmp_path.parent):
        with pytest.raises(DiskDenied, match="Read-only"), disk.translate_disk_errors(tmp_path):
            raise OSError(errno.EROFS, "Read-only file system", str(refused))
    for elsewhere in (tmp_path.with_name("other"), None):
        with pytest.raises(OSError, match="Read-only"), disk.translate_disk_errors(tmp_path):
            raise OSError(errno.EROFS, "Read-only file system", elsewhere and str(elsewhere))
