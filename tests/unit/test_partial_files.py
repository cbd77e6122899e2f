"""Several who replace one file at once: each writes a file of its own, and one of them ends up whole."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from PIL import Image

from engines.builtin import foreground
from pipeline.session.masks import read_mask, write_mask
from pipeline.storage.files import link_or_copy, write_atomically
from utils.image_utils import write_bytes
from utils.partial_names import own_partial_path

LONG, SHORT = b"x" * 5000, b"y" * 20


def copy(path: Path, content: bytes) -> None:
    source = path.with_name(f"source of {len(content)}")
    source.write_bytes(content)
    link_or_copy(source, path)


@pytest.mark.parametrize(
    "write", [write_atomically, write_bytes, copy, foreground._write], ids=lambda one: one.__name__
)
def test_who_writes_a_file_meanwhile_changes_nothing_of_what_another_puts_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None]
) -> None:
    """A clip's cuts were found by its playback clip and by its job at once: one failed, or the file was half."""
    path = tmp_path / "cuts.json"
    replace, inner = os.replace, list[str]()

    def replace_late(source: str | Path, target: str | Path) -> None:
        if not inner and Path(target) == path:
            inner.append("writes")
            write(path, SHORT)
            assert path.read_bytes() == SHORT
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_late)
    monkeypatch.setattr(Path, "replace", replace_late)
    write(path, LONG)
    assert inner == ["writes"]
    assert path.read_bytes() == LONG
    assert not list(tmp_path.glob("*.partial*"))


def test_a_mask_that_two_write_at_once_is_one_of_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, both = tmp_path / "0.png", threading.Barrier(2, timeout=20)
    save = Image.Image.save

    def save_together(self: Image.Image, place: str | Path | IO[bytes], **options: object) -> None:
        both.wait()
        save(self, place, **options)
        both.wait()

    monkeypatch.setattr(Image.Image, "save", save_together)
    masks = [np.ones((60, 80), bool), np.zeros((60, 80), bool)]
    failed: list[BaseException] = []

    def write(mask: np.ndarray) -> None:
        try:
            write_mask(path, mask)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(mask,)) for mask in masks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert any(np.array_equal(read_mask(path), mask) for mask in masks)


def _name(path: Path, names: multiprocessing.SimpleQueue[Path]) -> None:
    names.put(own_partial_path(path))


def test_forked_processes_have_names_of_their_own(tmp_path: Path) -> None:
    """Their threads have the same numbers."""
    context = multiprocessing.get_context("fork")
    names = context.SimpleQueue()
    processes = [context.Process(target=_name, args=(tmp_path / "a.jpg", names)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = {names.get(), names.get(), own_partial_path(tmp_path / "a.jpg")}
    assert len(found) == 3
    assert all(name.parent == tmp_path and name.suffix == ".jpg" for name in found)
    assert all(".partial-" in name.name for name in found)
