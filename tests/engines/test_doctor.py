"""`doctor` on this machine and against simulated faults: each is a line with what to do."""

from __future__ import annotations

import argparse
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import Settings
from engines.base import ArrayFrames
from engines.device import placement
from engines.device.manager import ModelManager
from pipeline import doctor
from pipeline.video_io import VideoIO
from tests.engines.test_manager import Card, Dummy, Registry
from ui.command_line.commands.lists import doctor as run_doctor
from utils.errors import EngineUnavailable, FfmpegFailed
from utils.messages import Language, render
from utils.types import Message


class Broken(Dummy):
    """Says that it can track, and fails."""

    def track_video(self, frames: ArrayFrames, masks, start, context):
        raise RuntimeError("cuDNN error")
        yield


class Working(Dummy):
    """Gives back the mask it was given."""

    def track_video(self, frames, masks, start, context):
        from engines.base import TrackedFrame

        for index in range(len(frames)):
            yield TrackedFrame(index, dict(masks[0]))


@dataclass(frozen=True)
class Shown:
    """A finding as a person reads it."""

    item: str
    verdict: str
    state: str
    advice: str

    @staticmethod
    def of(finding: doctor.Finding, language: Language) -> Shown:
        advice = "" if finding.advice is None else render(finding.advice, language)
        state = render(finding.state, language)
        return Shown(render(finding.item, language), finding.verdict, state, advice)


@pytest.fixture
def examine(tmp_path: Path):
    def run(*engines, language="en", **settings) -> dict[str, Shown]:
        chosen = Settings(_env_file=None, **{"workspace_dir": tmp_path, **settings})
        registry = Registry(*engines)
        card = Card(10**9)
        manager = ModelManager(registry, device="cpu", memory=card)
        found = doctor.Doctor(chosen, registry, manager, VideoIO(chosen)).examine()
        shown = [Shown.of(finding, language) for finding in found]
        return {finding.item: finding for finding in shown}

    return run


def test_this_machine_has_ffmpeg_and_disk(examine):
    found = examine(min_free_disk_bytes=0)
    assert found["FFmpeg"].verdict == "ok"
    assert found["disk"].verdict == "ok"
    assert "GiB free" in found["disk"].state


def test_tiny_job_tells_a_working_engine_from_a_broken_one(examine):
    card = Card(10**9)
    found = examine(Working("good", card, 10), Broken("bad", card, 10))
    assert found["engine good"].verdict == "ok"
    assert found["engine bad"].verdict == "problem"
    assert "cuDNN error" in found["engine bad"].state


def test_missing_ffmpeg_is_a_problem_and_the_others_are_still_looked_at(examine, tmp_path):
    found = examine(ffmpeg_path=tmp_path / "no-ffmpeg")
    assert found["FFmpeg"].verdict == "problem"
    assert found["FFmpeg"].advice
    assert found["disk"].verdict == "ok"


def test_disk_below_the_reserve_is_a_problem(examine):
    found = examine(min_free_disk_bytes=10**18)["disk"]
    assert found.verdict == "problem"
    assert "free some space" in found.advice


def test_a_workspace_that_can_not_be_written_is_a_problem(examine, tmp_path):
    (tmp_path / "file").touch()
    found = examine(workspace_dir=tmp_path / "file" / "workspace")["disk"]
    assert found.verdict == "problem"
    assert "can't be written" in found.state and "SPLAZMATTE_WORKSPACE_DIR" in found.advice


def test_port_in_use_is_noted(examine):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert examine(host="127.0.0.1", port=port)["port"].verdict == "note"


def test_port_of_a_page_that_was_just_stopped_is_free(examine):
    with socket.create_server(("127.0.0.1", 0)) as page:
        port = page.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as browser, page.accept()[0] as answered:
            answered.shutdown(socket.SHUT_RDWR)  # the side that closes first waits for late packets
            browser.recv(1)
    assert examine(host="127.0.0.1", port=port)["port"].verdict == "ok"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_port_of_an_ipv6_address_is_looked_at(examine):
    found = examine(host="::1", port=0)["port"]
    assert found.verdict == "ok" or "assign" in found.state


@pytest.mark.parametrize(("version", "verdict"), [("unknown", "problem"), ("580.65.06", "ok")])
def test_driver_of_a_gpu_is_named_or_its_absence_a_problem(examine, monkeypatch, version, verdict):
    monkeypatch.setattr(doctor, "gpu_present", lambda: True)
    monkeypatch.setattr(doctor, "driver_version", lambda: version)
    found = examine()["NVIDIA driver"]
    assert found.verdict == verdict
    assert version in found.state or "install the NVIDIA driver" in found.advice


def test_missing_packages_name_the_set_up_command(examine, monkeypatch):
    monkeypatch.setattr(doctor, "missing_packages", lambda names: ("torch",))
    found = examine()["PyTorch"]
    assert found.verdict == "note"
    assert found.advice == "bash scripts/setup_env.sh --models"


@pytest.mark.parametrize(
    ("cuda", "text"),
    [("13.0", r"supports CUDA 13\.0 \(now 470\.82\.01\)"), (None, "has no CUDA")],
)
def test_card_that_torch_can_not_use_is_an_error_and_not_silent_cpu_work(monkeypatch, cuda, text):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(placement, "gpu_present", lambda: True)
    monkeypatch.setattr(placement, "driver_version", lambda: "470.82.01")
    with pytest.raises(EngineUnavailable, match=text) as caught:
        placement.resolve_device("auto")
    assert "SPLAZMATTE_DEVICE=cpu" in caught.value.user_message
    assert "SPLAZMATTE_TORCH_INDEX" in caught.value.user_message
    assert placement.resolve_device("cpu") == "cpu"


def test_problems_end_the_command_with_a_count(capsys):
    class Orchestrator:
        def examine(self):
            yield doctor.Finding(Message("doctor.disk"), "ok", Message("doctor.not_installed"))
            yield doctor.Finding(
                Message("doctor.ffmpeg"),
                "problem",
                Message("doctor.unusable"),
                Message("doctor.disk_advice", {"needed": "1.0"}),
            )

    for language, words in (("en", "free some space"), ("zh", "请释放磁盘空间")):
        with pytest.raises(EngineUnavailable, match="1 thing needs attention"):
            run_doctor(argparse.Namespace(language=language), Orchestrator())
        assert words in capsys.readouterr().out


def test_faults_are_told_in_chinese(examine, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "gpu_present", lambda: True)
    monkeypatch.setattr(doctor, "driver_version", lambda: "unknown")
    monkeypatch.setattr(doctor, "missing_packages", lambda names: ("torch",))
    card = Card(10**9)
    found = examine(
        Broken("bad", card, 10),
        language="zh",
        ffmpeg_path=tmp_path / "no-ffmpeg",
        min_free_disk_bytes=10**18,
    )
    problems = {item: one for item, one in found.items() if one.verdict == "problem"}
    assert {"NVIDIA 驱动", "PyTorch", "FFmpeg", "磁盘", "引擎 bad"} <= set(problems)
    assert "重启" in found["NVIDIA 驱动"].advice
    assert "未安装：torch" in found["PyTorch"].state
    assert "释放磁盘空间" in found["磁盘"].advice
    assert any("\u4e00" <= letter <= "\u9fff" for letter in found["FFmpeg"].advice)
    assert "失败：RuntimeError: cuDNN error" in found["引擎 bad"].state


def test_ffmpeg_error_is_the_product_s_own(tmp_path):
    settings = Settings(_env_file=None, ffmpeg_path=tmp_path / "no-ffmpeg")
    with pytest.raises(FfmpegFailed):
        VideoIO(settings).check_ffmpeg()
