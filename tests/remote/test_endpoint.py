"""The endpoint of our own: what comes back from another machine is what the engine gives on this one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.registry import build_registry
from pipeline.storage.files import exclusive
from scripts.endpoint.server import LocalJobs, build_app, main
from scripts.endpoint.work import Asked, Worker
from tests.remote.conftest import FRAMES
from utils.alpha_levels import to_levels
from utils.errors import ServiceFailed

ENDPOINT_KEY = "endpoint-key-0123456789"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory) -> Iterator[str]:
    import uvicorn

    folder = tmp_path_factory.mktemp("endpoint")
    there = Settings(
        _env_file=None, workspace_dir=folder, models_dir=folder, device="cpu", segmenter="builtin"
    )
    jobs = LocalJobs(Worker(there), folder)
    app = build_app(jobs, ENDPOINT_KEY, folder, 10_000_000)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
    jobs.close()
    assert not [path for path in folder.rglob("*.partial*") if path.is_file()]


@pytest.fixture
def here(settings: Settings, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.setenv("SPLAZMATTE_SELF_HOSTED_KEY", ENDPOINT_KEY)
    return {"remote_bases": {"self-hosted": endpoint}, "remote_models": {"self-hosted": "builtin"}}


def test_the_fitted_result_equals_the_local_engine_to_the_level(settings, matte, here):
    guide = {index: mask for index, (_, mask) in enumerate(FRAMES)}
    local = build_registry(settings).get("builtin")
    local.load_model("cpu")
    frames = ArrayFrames([frame for frame, _ in FRAMES])
    made = {
        item.index: item.alpha for item in local.process(frames, {0: guide[0]}, 0, {}, RunContext())
    }
    context = RunContext(confirmed=frozenset({0}))
    remote = matte("self-hosted", guide=guide, changed=here, context=context)
    assert np.array_equal(to_levels(remote), to_levels(np.stack([made[i] for i in range(12)])))
    assert context.details["cost_usd"] == "0.0000"


def test_the_endpoint_says_what_it_cannot_do(matte, here, monkeypatch):
    with pytest.raises(ServiceFailed, match="can't matte without a mark"):
        matte("self-hosted", changed=here)
    with pytest.raises(ServiceFailed, match="There is no engine"):
        matte("self-hosted", changed=here | {"remote_models": {"self-hosted": "nothing"}})
    monkeypatch.setenv("SPLAZMATTE_SELF_HOSTED_KEY", "wrong")
    with pytest.raises(ServiceFailed, match="does not take the key"):
        matte("self-hosted", changed=here)


def test_the_endpoint_refuses_strangers_large_files_and_nonsense(endpoint):
    headers = {"Authorization": f"Bearer {ENDPOINT_KEY}"}
    with httpx.Client(base_url=endpoint, trust_env=False) as client:
        assert client.get("/engines").status_code == 401
        assert client.get("/engines", headers=headers).json() == {"engines": ["builtin"]}
        assert client.get("/jobs/unknown", headers=headers).status_code == 404
        large = {"clip": ("clip.mkv", bytes(10_000_001))}
        assert client.post("/jobs", headers=headers, files=large).status_code == 413
        assert client.post("/jobs", headers=headers, data={"engine": "auto"}).status_code == 400
        text = {"clip": ("clip.mkv", b"no clip"), "masks": ("masks.mkv", b"no clip")}
        bad = client.post("/jobs", headers=headers, files=text, data={"start": "one"})
        assert bad.status_code == 400
        job = client.post("/jobs", headers=headers, files=text, data={"key": "same"}).json()["id"]
        again = client.post("/jobs", headers=headers, files=text, data={"key": "same"}).json()["id"]
        assert job == again
        while client.get(f"/jobs/{job}", headers=headers).status_code == 202:
            threading.Event().wait(0.01)
        state = client.get(f"/jobs/{job}", headers=headers).json()
        assert state["status"] == "failed"
        assert state["error"]
        assert client.get(f"/jobs/{job}/alpha", headers=headers).status_code == 404
        # The endpoint takes no webhooks: a late one, with whatever signature, changes nothing.
        signed = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
        done = {"id": job, "status": "succeeded", "output": ["http://127.0.0.1/x"]}
        for path in ("/webhooks", "/webhooks/replicate", f"/jobs/{job}"):
            assert client.post(path, headers=signed, json=done).status_code == 401
            assert client.post(path, headers=headers | signed, json=done).status_code in (404, 405)
        assert client.get(f"/jobs/{job}", headers=headers).json()["status"] == "failed"
        client.delete(f"/jobs/{job}", headers=headers)
        assert client.get(f"/jobs/{job}", headers=headers).status_code == 404


def test_a_short_key_keeps_the_endpoint_shut(tmp_path: Path):
    with pytest.raises(ValueError, match="16 characters"):
        build_app(LocalJobs(None, tmp_path), "short", tmp_path, 1)  # type: ignore[arg-type]


def test_a_second_start_leaves_the_jobs_of_the_endpoint_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """It removed their files, and only then found its port taken."""
    monkeypatch.setenv("SPLAZMATTE_WORKSPACE_DIR", str(tmp_path))
    clip = tmp_path / "endpoint" / "job" / "clip.mkv"
    clip.parent.mkdir(parents=True)
    clip.touch()
    with exclusive(tmp_path / "endpoint.lock"):
        assert main(["--port", "0"]) == 2
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 2
    assert clip.exists()
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" 127")[0][:16] for line in said] == [
        "Another endpoint",
        "Can't listen on",
    ]


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_is_none_is_refused_in_one_line(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """It was a traceback of the socket, and exit code 1."""
    monkeypatch.setenv("SPLAZMATTE_WORKSPACE_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main([f"--port={port}"])
    assert ended.value.code == 2
    assert "--port" in capsys.readouterr().err.splitlines()[-1]


def test_a_wrong_setting_or_folder_is_one_line_without_the_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A traceback told the value: a broker's address, with its password."""
    monkeypatch.setenv("SPLAZMATTE_BROKER", "redis://:topsecret#x@queue.lan:6379/0")
    assert main(["--port", "0"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("settings: SPLAZMATTE_BROKER")
    assert "topsecret" not in line
    monkeypatch.delenv("SPLAZMATTE_BROKER")
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPLAZMATTE_WORKSPACE_DIR", str(tmp_path / "file"))
    assert main(["--port", "0"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "can't be written" in line


def test_the_log_has_each_job_with_the_cause_of_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """Nothing was logged of a job: the cause of a failure was gone."""

    class Failing:
        def check(self, asked: Asked, *, has_masks: bool) -> None: ...

        def matte(self, *_: object) -> None:
            raise ServiceFailed("video.ffmpeg_missing", path="ffmpeg", detail="no such program")

    caplog.set_level("INFO", logger="scripts.endpoint.server")
    jobs = LocalJobs(Failing(), tmp_path)  # type: ignore[arg-type]
    clip = tmp_path / "job" / "clip.mkv"
    clip.parent.mkdir()
    number = jobs.start(clip, None, Asked("rvm"), "")
    jobs._pool.shutdown()
    assert jobs.state(number).status == "failed"  # type: ignore[union-attr]
    (record,) = caplog.records
    assert record.message.startswith("a job for rvm: failed after ")
    assert "no such program" in record.message


def test_an_endpoint_does_not_pass_clips_on(settings: Settings):
    worker = Worker(settings)
    assert worker.engines() == ["builtin"]
    with pytest.raises(Exception, match="There is no engine"):
        worker.check(Asked("replicate"), has_masks=True)
