"""scripts/download_models.sh against a fake hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config import Settings

ROOT = Path(__file__).resolve().parents[2]
CONFIG = b'{"model_type": "sam2_video"}'
WEIGHTS = bytes(range(256)) * 4000


class FakeHub(ThreadingHTTPServer):
    """Serves `files` as a hub does: large ones by a redirect to another host name."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.claimed: dict[str, bytes] = {}
        self.status = 0
        self.break_after: int | None = None
        self.requests: list[tuple[str, str, str | None, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        hub = self.server
        hub.requests.append(
            (self.command, self.path, self.headers.get("Range"), self.headers.get("Authorization"))
        )
        if hub.status:
            self.send_error(hub.status)
            return
        stored = self.path.startswith("/cdn/")
        key = self.path.removeprefix("/cdn")
        if key not in hub.files:
            self.send_error(404)
            return
        data = hub.files[key]
        honest = hub.claimed.get(key, data)
        if not stored and key.endswith(".safetensors"):
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{hub.server_port}/cdn{key}")
            self.send_header("X-Linked-Etag", f'"{hashlib.sha256(honest).hexdigest()}"')
            self.send_header("X-Linked-Size", str(len(honest)))
            self.send_header("X-Repo-Commit", "c0ffee")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_file(data, honest, body)

    def send_file(self, data: bytes, honest: bytes, body: bool) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        blob = hashlib.sha1(b"blob %d\0" % len(honest) + honest).hexdigest()
        self.send_header("ETag", f'W/"{blob}"')
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if not body:
            return
        rest = data[start:]
        if self.server.break_after is not None and len(rest) > self.server.break_after:
            self.wfile.write(rest[: self.server.break_after])
            self.server.break_after = None
            self.close_connection = True
            return
        self.wfile.write(rest)


@pytest.fixture
def hub():
    server = FakeHub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    base = "/facebook/sam2.1-hiera-tiny/resolve/main/"
    server.files = {base + "config.json": CONFIG, base + "model.safetensors": WEIGHTS}
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def download(hub: FakeHub, folder: Path, *arguments: str, token: str = "hf_secret"):
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": token,
        "HF_HOME": str(folder / "no_home"),
        "no_proxy": "*",
    }
    return subprocess.run(
        ["bash", str(ROOT / "scripts" / "download_models.sh"), "--models-dir", str(folder),
         "--retry-wait", "0.01", *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def weights(folder: Path) -> Path:
    return folder / "sam2.1-hiera-tiny" / "model.safetensors"


def test_fresh_download_is_checked_and_leaves_a_receipt(hub, tmp_path):
    done = download(hub, tmp_path, "sam2")
    assert done.returncode == 0, done.stderr
    assert weights(tmp_path).read_bytes() == WEIGHTS
    assert not list(tmp_path.rglob("*.part"))
    receipt = json.loads((weights(tmp_path).parent / "receipt.json").read_text())
    assert receipt["files"]["model.safetensors"] == {
        "size": len(WEIGHTS),
        "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
    }
    assert receipt["commit"] == "c0ffee"


def test_licence_is_shown_before_anything_is_fetched(hub, tmp_path):
    shown = download(hub, tmp_path, "sam2").stdout
    assert shown.index("Apache-2.0") < shown.index("config.json")


def test_part_file_is_resumed_where_it_stopped(hub, tmp_path):
    weights(tmp_path).parent.mkdir(parents=True)
    part = weights(tmp_path).with_name("model.safetensors.part")
    part.write_bytes(WEIGHTS[:100_000])
    assert download(hub, tmp_path, "sam2").returncode == 0
    assert weights(tmp_path).read_bytes() == WEIGHTS
    assert "bytes=100000-" in [request[2] for request in hub.requests]


def test_broken_connection_is_taken_up_again(hub, tmp_path):
    hub.break_after = 300_000
    assert download(hub, tmp_path, "sam2").returncode == 0
    assert weights(tmp_path).read_bytes() == WEIGHTS
    assert any(request[2] and request[2] != "bytes=0-" for request in hub.requests)


def test_part_file_of_other_contents_is_fetched_afresh(hub, tmp_path):
    weights(tmp_path).parent.mkdir(parents=True)
    part = weights(tmp_path).with_name("model.safetensors.part")
    part.write_bytes(b"x" * 100_000)
    assert download(hub, tmp_path, "sam2").returncode == 0
    assert weights(tmp_path).read_bytes() == WEIGHTS


def test_wrong_hash_is_refused_and_not_kept(hub, tmp_path):
    key = "/facebook/sam2.1-hiera-tiny/resolve/main/model.safetensors"
    hub.claimed[key] = WEIGHTS[:-1] + b"!"
    done = download(hub, tmp_path, "sam2")
    assert done.returncode == 2
    assert "model.safetensors arrived damaged" in done.stderr
    assert not weights(tmp_path).exists()
    assert not list(tmp_path.rglob("*.part"))


def test_whole_file_is_not_fetched_again_but_a_damaged_one_is(hub, tmp_path):
    download(hub, tmp_path, "sam2")
    hub.requests.clear()
    assert download(hub, tmp_path, "sam2").returncode == 0
    assert "GET" not in [request[0] for request in hub.requests]
    damaged = bytearray(WEIGHTS)
    damaged[5000] ^= 1
    weights(tmp_path).write_bytes(damaged)
    assert download(hub, tmp_path, "sam2").returncode == 0
    assert weights(tmp_path).read_bytes() == WEIGHTS


@pytest.mark.parametrize("code", [401, 403])
def test_gated_model_says_the_steps_to_it(hub, tmp_path, code):
    hub.status = code
    done = download(hub, tmp_path, "sam3", token="")
    assert done.returncode == 2
    for step in ("facebook/sam3", "ask for access", "read token", "hf auth login"):
        assert step in done.stderr
    assert "Traceback" not in done.stderr


def test_token_goes_to_the_hub_and_not_to_where_it_redirects(hub, tmp_path):
    download(hub, tmp_path, "sam2")
    at_hub = [request[3] for request in hub.requests if not request[1].startswith("/cdn/")]
    elsewhere = [request[3] for request in hub.requests if request[1].startswith("/cdn/")]
    assert set(at_hub) == {"Bearer hf_secret"}
    assert elsewhere
    assert set(elsewhere) == {None}


def test_hub_in_trouble_is_said_and_nothing_is_left(hub, tmp_path):
    hub.status = 503
    done = download(hub, tmp_path, "sam2")
    assert done.returncode == 2
    assert "can't be reached (HTTP 503)" in done.stderr
    assert not list(tmp_path.rglob("model*"))


def test_stand_in_and_optional_files_are_handled(hub, tmp_path):
    base = "/Helsinki-NLP/opus-mt-zh-en/resolve/main/"
    names = ("config.json", "tokenizer_config.json", "vocab.json", "source.spm", "target.spm")
    hub.files = {base + name: name.encode() for name in (*names, "pytorch_model.bin")}
    assert download(hub, tmp_path, "opus-mt-zh-en").returncode == 0
    receipt = json.loads((tmp_path / "opus-mt-zh-en" / "receipt.json").read_text())
    assert set(receipt["files"]) == {*names, "pytorch_model.bin"}


def test_file_missing_at_the_hub_is_said(hub, tmp_path):
    del hub.files["/facebook/sam2.1-hiera-tiny/resolve/main/model.safetensors"]
    done = download(hub, tmp_path, "sam2")
    assert done.returncode == 2
    assert "has no file model.safetensors" in done.stderr


def test_dry_run_and_list_touch_neither_network_nor_disk(hub, tmp_path):
    shown = download(hub, tmp_path, "--dry-run", "videomama").stdout
    assert "would fetch" in shown
    assert "vae/diffusion_pytorch_model.fp16.safetensors" in shown
    assert "opus-mt-zh-en" in download(hub, tmp_path, "--list").stdout
    assert hub.requests == []
    assert list(tmp_path.iterdir()) == []


def test_unknown_model_is_refused_with_the_list(hub, tmp_path):
    done = download(hub, tmp_path, "sam4")
    assert done.returncode == 2
    assert "matanyone2" in done.stderr


def test_folders_are_where_the_settings_look():
    models = json.loads((ROOT / "engines" / "weights.json").read_text())["models"]
    settings = Settings(_env_file=None)
    assert {name: model["folder"] for name, model in models.items()} == {
        "sam3": settings.sam3_model,
        "sam2": settings.sam2_model,
        "matanyone": settings.matanyone_model,
        "matanyone2": settings.matanyone2_model,
        "videomama": settings.videomama_model,
        "svd-vae": settings.svd_vae_model,
        "opus-mt-zh-en": settings.translation_model,
    }
