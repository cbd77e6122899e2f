"""Takes marks back: the key frames of a session with their masks, as they were."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.session.session import Session
from pipeline.storage import disk
from pipeline.storage.files import link_or_copy, partial_path


@contextmanager
def marking(session: Session) -> Iterator[None]:
    """Take back what is marked inside the block where it raises: a session keeps all of it or nothing.

    Masks are written to a file of their own that takes its place by a rename, so links keep the former ones.

    Raises:
        SessionError: a job waits or runs.
    """
    lock = session.take_idle_lock()
    try:
        state, masks = session.state, session.instances_dir
        former = _kept(session)
        try:
            yield
        except BaseException:
            with session.masks_lock():
                shutil.rmtree(masks, ignore_errors=True)
                if former.is_dir():
                    former.rename(masks)
                session.update(keyframes=state.keyframes, targets=state.targets)
            raise
        finally:
            shutil.rmtree(former, ignore_errors=True)
    finally:
        os.close(lock)


def _kept(session: Session) -> Path:
    """Link the masks into a folder that goes with a stopped writer's files; return it, there or not."""
    former = partial_path(session.instances_dir)
    shutil.rmtree(former, ignore_errors=True)
    if session.instances_dir.is_dir():
        with disk.translate_disk_errors(session.folder):
            shutil.copytree(session.instances_dir, former, copy_function=_link)
    return former


def _link(source: str, target: str) -> None:
    link_or_copy(Path(source), Path(target))
