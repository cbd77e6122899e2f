"""What a GPU error means, and the retries at smaller settings."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from engines.device import placement
from engines.device.memory_probe import MeasuredPeak, PeakRecords
from engines.device.placement import (
    choose_dtype,
    error_kind,
    likely_device,
    release_memory,
    resolve_device,
    stream_with_smaller,
)
from utils.errors import EngineUnavailable, GpuUnhealthy, OutOfGpuMemory

OUT_OF_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError(OUT_OF_MEMORY), "memory"),
        (RuntimeError("CUDA error: out of memory"), "memory"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `x`"), "memory"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"), "memory"),
        (RuntimeError("GET was unable to find an engine to execute this computation"), "memory"),
        (RuntimeError("[enforce] DefaultCPUAllocator: can't allocate memory"), "memory"),
        (MemoryError(), "memory"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "dead"),
        (RuntimeError("CUDA error: device-side assert triggered"), "dead"),
        (RuntimeError("shape '[2]' is invalid for input of size 3"), "other"),
        (ValueError("out of memory"), "other"),
    ],
)
def test_errors_are_told_apart_by_what_they_mean(error, kind):
    assert error_kind(error) == kind


def test_torch_s_own_memory_error_is_known():
    torch = pytest.importorskip("torch")
    assert error_kind(torch.OutOfMemoryError("anything")) == "memory"


def run_with_smaller(name, settings, attempt, on_smaller):
    """Run a stream of one result."""
    return next(stream_with_smaller(name, settings, lambda s, _: iter([attempt(s)]), on_smaller))


class Attempts:
    def __init__(self, fail: set[int], text: str = OUT_OF_MEMORY) -> None:
        self.fail = fail
        self.text = text
        self.settings: list[int] = []

    def __call__(self, setting: int) -> str:
        self.settings.append(setting)
        if setting in self.fail:
            raise RuntimeError(self.text)
        return f"done at {setting}"


def test_work_that_fits_is_not_made_smaller():
    told: list[tuple[int, int]] = []
    attempt = Attempts(set())
    assert run_with_smaller("x", [720, 540], attempt, lambda *a: told.append(a)) == "done at 720"
    assert told == []


def test_out_of_memory_runs_again_at_the_next_smaller_setting_and_says_so():
    told: list[tuple[int, int]] = []
    attempt = Attempts({720})
    assert (
        run_with_smaller("x", [720, 540, 360], attempt, lambda *a: told.append(a)) == "done at 540"
    )
    assert told == [(720, 540)]


def test_out_of_memory_goes_down_all_sizes_and_names_each_step():
    told: list[tuple[int, int]] = []
    attempt = Attempts({720, 540})
    assert (
        run_with_smaller("x", [720, 540, 360], attempt, lambda *a: told.append(a)) == "done at 360"
    )
    assert told == [(720, 540), (540, 360)]


def test_out_of_memory_at_the_smallest_size_is_the_end_of_it():
    attempt = Attempts({720, 540, 360})
    with pytest.raises(OutOfGpuMemory):
        run_with_smaller("x", [720, 540, 360], attempt, lambda *_: None)
    assert attempt.settings == [720, 540, 360]


def test_out_of_memory_without_a_smaller_setting_tells_nobody_of_one():
    told: list[tuple[int, int]] = []
    with pytest.raises(OutOfGpuMemory):
        run_with_smaller("x", [720], Attempts({720}), lambda *a: told.append(a))
    assert told == []


def test_dead_context_is_not_retried():
    attempt = Attempts({720}, "CUDA error: unspecified launch failure")
    with pytest.raises(GpuUnhealthy):
        run_with_smaller("x", [720, 540], attempt, lambda *_: None)
    assert attempt.settings == [720]


def test_other_errors_are_not_retried():
    attempt = Attempts({720}, "index 7 is out of bounds")
    with pytest.raises(RuntimeError, match="out of bounds"):
        run_with_smaller("x", [720, 540], attempt, lambda *_: None)
    assert attempt.settings == [720]


class Tensor:
    """Stands for something large."""


def test_what_the_failed_attempt_held_is_gone_before_the_second():
    held: list[weakref.ref] = []
    alive: list[bool] = []

    def attempt(setting: int) -> int:
        alive.append(any(reference() is not None for reference in held))
        tensor = Tensor()
        held.append(weakref.ref(tensor))
        if setting == 720:
            raise RuntimeError(OUT_OF_MEMORY)
        return setting

    assert run_with_smaller("x", [720, 540], attempt, lambda *_: None) == 540
    assert alive == [False, False]


def test_stream_goes_on_after_what_was_already_given():
    opened: list[tuple[int, int]] = []

    def stream(setting: int, done: int) -> Iterator[tuple[int, int]]:
        opened.append((setting, done))
        for index in range(done, 6):
            if setting == 720 and index == 3:
                raise RuntimeError(OUT_OF_MEMORY)
            yield index, setting

    found = list(stream_with_smaller("x", [720, 540], stream, lambda *_: None))
    assert opened == [(720, 0), (540, 3)]
    assert found == [(0, 720), (1, 720), (2, 720), (3, 540), (4, 540), (5, 540)]


def test_releasing_an_error_drops_what_its_traceback_pins():
    references: list[weakref.ref] = []

    def fail() -> None:
        tensor = Tensor()
        references.append(weakref.ref(tensor))
        raise RuntimeError(OUT_OF_MEMORY)

    try:
        fail()
    except RuntimeError as error:
        kept = error
    gc.collect()
    assert references[0]() is not None
    release_memory(kept)
    assert references[0]() is None


def test_device_and_precision_follow_the_choice():
    torch = pytest.importorskip("torch")
    assert likely_device("cpu") == resolve_device("cpu") == "cpu"
    assert choose_dtype("auto", "cpu") is torch.float32
    assert choose_dtype("bfloat16", "cpu") is torch.bfloat16
    if not torch.cuda.is_available():
        assert resolve_device("auto") == "cpu"
        with pytest.raises(EngineUnavailable, match="SPLAZMATTE_DEVICE"):
            resolve_device("cuda")


def test_torch_is_not_imported_where_no_gpu_is_to_be_seen(monkeypatch):
    monkeypatch.setattr(placement.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(placement, "gpu_present", lambda: False)
    monkeypatch.setattr(placement.sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert resolve_device("auto") == "cpu"


def test_a_gpu_that_is_demanded_without_torch_is_refused_and_says_what_to_install(monkeypatch):
    """It was an internal error: every job and `doctor` ended with a ModuleNotFoundError."""
    monkeypatch.setattr(placement.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EngineUnavailable, match=r"setup_env\.sh --models"):
        resolve_device("cuda")


@pytest.mark.parametrize(("capability", "name"), [((8, 0), "bfloat16"), ((7, 5), "float16")])
def test_precision_on_a_gpu_follows_its_capability(monkeypatch, capability, name):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert choose_dtype("auto", "cuda") is getattr(torch, name)


def test_peaks_rise_and_start_over_on_another_device(tmp_path):
    path = tmp_path / "deep" / "peaks.json"
    book = PeakRecords(path)
    book.record("sam3", "cuda", weight_bytes=10, working_bytes=5)
    book.record("sam3", "cuda", working_bytes=3)
    assert PeakRecords(path).get("sam3") == MeasuredPeak(10, 5, "cuda")
    book.record("sam3", "cpu", working_bytes=2)
    assert PeakRecords(path).get("sam3") == MeasuredPeak(0, 2, "cpu")


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"sam3": {"unknown": 1}}', '{"sam3": 3}'])
def test_damaged_peak_file_is_as_good_as_none(tmp_path, text):
    path = tmp_path / "peaks.json"
    path.write_text(text)
    assert PeakRecords(path).get("sam3") == MeasuredPeak()


def test_main_memory_is_measured_for_the_whole_process():
    # In a fresh process: this one may have as much freed memory left to take from.
    script = """
from engines.device.memory_probe import RamProbe
probe = RamProbe()
assert probe.capacity_bytes(7) > 0
probe.reset_peak()
before = probe.allocated_bytes()
block = bytearray(60_000_000)
block[::4096] = b"x" * len(block[::4096])
del block
print(probe.peak_bytes() - before)
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(answer.stdout) > 40_000_000
