"""Keys, costs, addresses and the rules by which a returned clip is fitted; no server is asked."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from dataclasses import dataclass
from fractions import Fraction

import httpx
import numpy as np
import pytest

from config import Settings
from engines.onnx.frame_choice import AlphaSource, FrameChoice
from engines.registry import build_registry
from engines.remote.addresses import PrivateAddressError, guarded_transport, public_address
from engines.remote.fit import Sent, fitted_indices, from_colours, to_colours
from engines.remote.keys import Keys
from engines.remote.ledger import Ledger
from engines.remote.received import Received
from engines.remote.replies import Replies, Reply, retry_after_s
from engines.remote.sending import sent_size_wh
from engines.remote.services import SERVICES
from engines.remote.ticket import Ticket
from engines.remote.wire import Timeouts, Wire
from pipeline.engine_choice import EngineChoice
from pipeline.session.request import MatteRequest
from pipeline.video_io import ClipFiles
from utils.alpha_levels import OPAQUE, to_levels
from utils.errors import BadRequest, BadUpload, EngineUnavailable, ServiceFailed
from utils.messages import render

REPLICATE = SERVICES["replicate"]


def test_a_key_comes_from_the_environment_or_a_file_of_mode_600_alone(tmp_path, monkeypatch):
    monkeypatch.delenv(REPLICATE.key_name, raising=False)
    keys = Keys(tmp_path / "keys")
    needed = keys.requirement(REPLICATE)
    assert not needed.present
    assert "umask 077" in needed.command
    keys.file.write_text(f"# ours\n{REPLICATE.key_name} = 'abc'\n")
    keys.file.chmod(0o640)
    assert keys.get(REPLICATE) == ""
    assert keys.requirement(REPLICATE).command == f"chmod 600 {keys.file}"
    keys.file.chmod(0o600)
    assert keys.get(REPLICATE) == "abc"
    assert keys.requirement(REPLICATE).present
    monkeypatch.setenv(REPLICATE.key_name, "def")
    assert keys.get(REPLICATE) == "def"


def test_services_are_off_until_key_price_and_address_are_there(tmp_path, monkeypatch):
    for row in SERVICES.values():
        monkeypatch.delenv(row.key_name, raising=False)
    settings = Settings(_env_file=None, workspace_dir=tmp_path, remote_keys_file=tmp_path / "none")
    assert not [
        engine.name
        for engine in build_registry(settings)
        if engine.is_remote and engine.is_available
    ]
    monkeypatch.setenv("SPLAZMATTE_FAL_KEY", "abc")
    monkeypatch.setenv("SPLAZMATTE_BRIA_KEY", "abc")
    monkeypatch.setenv("SPLAZMATTE_SELF_HOSTED_KEY", "abc")
    registry = build_registry(settings)
    assert [engine.name for engine in registry if engine.is_remote and engine.is_available] == [
        "fal"
    ]
    with pytest.raises(EngineUnavailable, match="SPLAZMATTE_REMOTE_PRICES"):
        registry.get("bria").load_model("cpu")
    with pytest.raises(EngineUnavailable, match="SPLAZMATTE_REMOTE_BASES"):
        registry.get("self-hosted").load_model("cpu")
    assert "USD 0.042 a second" in render(registry.get("fal").description)
    assert "queue.fal.run" in render(registry.get("fal").description)
    # A price that nobody stated is not called 0.
    assert "to state" in render(registry.get("bria").description)
    assert "USD 0 " in render(registry.get("self-hosted").description)


def test_no_service_is_chosen_by_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("SPLAZMATTE_FAL_KEY", "abc")
    settings = Settings(_env_file=None, workspace_dir=tmp_path, models_dir=tmp_path, device="cpu")
    registry = build_registry(settings)

    class Manager:
        device = "cpu"

    choice = EngineChoice(settings, registry, Manager())  # type: ignore[arg-type]
    assert choice.default_engine() == "builtin"
    assert choice.quick_preview_engine() == ""
    assert choice.tried_first(MatteRequest()) == ""
    with pytest.raises(EngineUnavailable):
        choice.main_object_engine()
    with pytest.raises(EngineUnavailable):
        choice.matting_engine("auto", everyone=True)
    assert choice.matting_engine("fal", everyone=True) == "fal"
    # Nor named where another engine is asked for what it can't: those that are ready here are.
    monkeypatch.setattr(type(registry.get("rvm")), "requirements", lambda _: ())
    with pytest.raises(BadRequest, match=r"by itself: rvm\.$"):
        choice.matting_engine("builtin", everyone=True)


def test_costs_add_up_by_day_month_and_service_and_lines_that_are_cut_count_nothing(tmp_path):
    ledger = Ledger(tmp_path / "costs.jsonl", day_usd=1.0, month_usd=100.0)
    ledger.add("fal", 0.4, "sent")
    with ledger.path.open("a") as stream:
        stream.write(
            json.dumps({"at": time.time() - 40 * 86400, "service": "fal", "usd": 9, "why": "sent"})
        )
        stream.write('\n{"at": 17')
    ledger.add("bria", 0.5, "sent")
    ledger.add("bria", -0.2, "charged")
    assert ledger.spent().day == pytest.approx(0.7)
    assert ledger.spent("bria").month == pytest.approx(0.3)
    with pytest.raises(BadRequest, match=r"0\.70 are spent, and this job would take about 0\.31"):
        ledger.add("fal", 0.31, "sent")
    ledger.add("fal", 0.3, "sent")
    ledger.check(0.0)
    assert (ledger.path.stat().st_mode & 0o777) == 0o600


def test_two_jobs_cannot_both_take_the_last_of_a_budget(tmp_path):
    ledger = Ledger(tmp_path / "costs.jsonl", day_usd=1.0, month_usd=1.0)
    refused = []

    def take() -> None:
        try:
            ledger.add("fal", 0.3, "sent")
        except BadRequest as error:
            refused.append(error)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5
    assert ledger.spent().day == pytest.approx(0.9)


def test_a_ticket_survives_and_a_damaged_one_is_a_new_one(tmp_path):
    ticket = Ticket(tmp_path / "one.json", state="accepted", id="7", poll="https://a.b/7")
    ticket.write()
    assert Ticket.read(ticket.path) == ticket
    ticket.path.write_text("{")
    assert Ticket.read(ticket.path).state == "new"


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "192.168.0.9"]
)
def test_private_addresses_are_not_connected_to(host):
    with pytest.raises(PrivateAddressError):
        public_address(host, 80)
    where = f"[{host}]" if ":" in host else host
    with (
        httpx.Client(transport=guarded_transport((), 60.0)) as client,
        pytest.raises(PrivateAddressError),
    ):
        client.get(f"http://{where}:9/")


def test_the_key_goes_to_the_services_own_host_alone():
    wire = Wire(
        replies=Replies("fal", {"Authorization": "Key abc"}),
        own=(("queue.fal.run", 443), ("rest.alpha.fal.ai", 443)),
        is_private=False,
        timeouts=Timeouts(0.01, 1.0, 1.0),
        most_bytes=100,
        cancel=threading.Event(),
    )
    for url, is_given in (
        ("https://queue.fal.run/x", True),
        ("https://rest.alpha.fal.ai/x", True),
        ("https://queue.fal.run:444/x", False),
        ("https://v3.fal.media/x", False),
        ("https://queue.fal.run.example.com/x", False),
    ):
        assert bool(wire._keys_for(httpx.URL(url))) is is_given, url
    with pytest.raises(ServiceFailed, match="not a public address over HTTPS"):
        wire.get("http://queue.fal.run/x")
    assert "abc" not in wire.replies.clean("the key abc is wrong\x1b[2J")
    wire.close()


@dataclass
class Returned:
    count: int
    fps: Fraction
    size_wh: tuple[int, int] = (160, 96)
    has_alpha: bool = False

    def __len__(self) -> int:
        return self.count


SENT = Sent(48, Fraction(24), (160, 96))


@pytest.mark.parametrize(
    ("count", "fps", "first_and_last"),
    [
        (48, 30, (0, 47)),
        (47, 24, (0, 46)),
        (50, 24, (0, 47)),
        (60, 30, (0, 59)),
        (24, 12, (0, 23)),
        (59, 30, (0, 58)),
    ],
)
def test_what_can_be_explained_is_fitted(count, fps, first_and_last):
    indices, notice = fitted_indices("fal", SENT, Returned(count, Fraction(fps)))
    assert len(indices) == 48
    assert (indices[0], indices[-1]) == first_and_last
    assert list(indices) == sorted(indices)
    assert (notice is None) is (count == 48)


@pytest.mark.parametrize(("count", "fps"), [(45, 24), (24, 24), (48 * 2, 24), (48, 24)])
def test_what_cannot_be_explained_is_refused(count, fps):
    size = (160, 80) if count == 48 else (160, 96)
    with pytest.raises(ServiceFailed):
        fitted_indices("fal", SENT, Returned(count, Fraction(fps), size))


def test_colours_survive_the_way_to_a_service(tmp_path):
    files = ClipFiles(Settings(_env_file=None))
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (120, 60, 200)]
    frames = [np.full((64, 96, 3), colour, np.uint8) for colour in colours]
    for name, is_lossless, most in (("a.mp4", False, 3), ("a.mkv", True, 0)):
        path = tmp_path / name
        files.write_clip(path, frames, (96, 64), Fraction(25), lossless=is_lossless)
        returned = files.open_clip(path, threading.Event())
        assert (len(returned), returned.fps, returned.size_wh) == (6, 25, (96, 64))
        read = np.stack(list(returned.colours())).astype(int)
        assert np.abs(read - np.stack(frames)).max() <= most
    with pytest.raises(BadUpload):
        files.read_picture(path, threading.Event())


def test_alpha_levels_survive_as_colours():
    levels = np.arange(OPAQUE + 1, dtype=np.uint16).reshape(64, 64)
    assert np.array_equal(to_levels(from_colours(to_colours(levels))), levels)


def test_the_first_frame_of_a_scene_is_always_sent_and_repeated_frames_are_not():
    dark, light = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 220, np.uint8)
    dark[10:20, 10:20, 0] = 90
    moved = np.roll(dark, 4, axis=1)
    choice = FrameChoice(every=3, skips_unchanged=True)
    for frame in (dark, dark + 1, moved, np.roll(moved, 4, 1), np.roll(moved, 8, 1), light, light):
        choice.choose(frame)
    matted, same, between = AlphaSource.MATTED, AlphaSource.SAME, AlphaSource.BETWEEN
    assert choice.sources == [matted, same, between, between, matted, matted, same]
    assert choice.starts == {0, 5}
    assert choice.matted == 3
    assert sent_size_wh((101, 67), 0, 0, is_even=True) == (102, 68)
    assert sent_size_wh((1920, 1080), 0, 640, is_even=True) == (640, 360)
    assert sent_size_wh((1920, 1080), 4000, 640, is_even=False) == (1920, 1080)


def test_a_wait_is_a_number_of_seconds_or_a_date_and_nonsense_is_not_followed():
    assert retry_after_s("2.5", 1.0) == 2.5
    assert retry_after_s("Wed, 01 Jan 2020 00:00:00 GMT", 1.0) == 0.0
    for text in ("soon", "", "Fri, 99 Dec 2026 00:00:00 GMT"):
        assert retry_after_s(text, 1.0) == 1.0


def test_what_a_service_says_is_cut_and_has_no_key():
    replies = Replies("fal", {"Authorization": "Key abc"})
    assert len(replies.clean("x" * 10**6)) == 200
    assert "abc" not in replies.clean("Key abc, abc")
    with pytest.raises(ServiceFailed):
        replies.json(Reply(200, {}, b"[" * 200_000))


def test_a_zip_that_is_a_list_of_members_and_nothing_else_is_not_read(tmp_path):
    exchange = ClipFiles(Settings(_env_file=None))
    cancel = threading.Event()
    received = Received(SERVICES["unscreen"], exchange, tmp_path, 10**6, cancel)
    path = tmp_path / "result.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2000):
            archive.writestr(f"{number}.txt", b"")
        archive.writestr("alpha.mp4", b"no clip")
    for content in (path.read_bytes(), b"PK", b""):
        path.write_bytes(content)
        with pytest.raises(ServiceFailed, match="ZIP is damaged"):
            received.clip(path)
    # A matte that would unpack to more than is allowed is cut off there.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("alpha.mp4", bytes(2 * 10**6))
    with pytest.raises(ServiceFailed, match="larger than"):
        received.clip(path)
    assert (tmp_path / "alpha.mp4").stat().st_size <= 10**6
