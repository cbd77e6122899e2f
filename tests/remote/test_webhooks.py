"""Webhooks: only a signed one of a waiting job does anything, and that is one question."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware

import app
from config import Settings
from engines.base import RunContext
from engines.remote.services import SERVICES
from engines.remote.webhooks import MOST_APART_S, is_genuine, signing_key
from tests.remote.conftest import overlap
from tests.remote.stand_in import KEY, WEBHOOK_SECRET
from ui.http.access import AccessControl
from ui.http.allowed_routes import find_route
from ui.http.login import Login
from ui.http.webhooks import Webhooks

PUBLISHED = {
    # The examples of the Standard Webhooks specification, and of BRIA's client.
    "replicate": (
        ("", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
    ),
    "bria": (
        ("contract-test-shared-token", ""),
        {
            "bria-webhook-id": "req_contract_test_001",
            "bria-webhook-timestamp": "1700000000",
            "bria-webhook-signature": "v1=muClfnkuIXEqW69htILKVEwJdzC0LWB1tP53ptLm7SM=",
        },
        b'{"status":"COMPLETED","result":{"url":"https://cdn.bria.ai/final.png"},'
        b'"request_id":"req_contract_test_001"}',
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_signature_counts_for_its_body_key_and_time_alone(name):
    (key, secret), headers, body = PUBLISHED[name]
    webhook = SERVICES[name].webhook
    assert webhook is not None
    signed_with = signing_key(webhook, key, secret)
    assert signed_with is not None
    sent_at, signature = (f"{webhook.headers}-{part}" for part in ("timestamp", "signature"))
    now_s = float(headers[sent_at])

    def genuine(changed: dict[str, str], content: bytes = body, at_s: float = now_s) -> bool:
        return is_genuine(webhook, signed_with, headers | changed, content, at_s)

    assert genuine({})
    assert genuine({}, at_s=now_s + MOST_APART_S)
    assert genuine({signature: f"v2,x v1,AAAA= {headers[signature]}"})
    assert not genuine({}, at_s=now_s + MOST_APART_S + 1)
    assert not genuine({}, at_s=now_s - MOST_APART_S - 1)
    assert not genuine({}, content=body + b" ")
    assert not is_genuine(webhook, b"another key", headers, body, now_s)
    for changed in (
        {signature: ""},
        {signature: "v1,AAAA"},
        {signature: headers[signature].replace("v1", "v2")},
        {sent_at: str(int(now_s) + 1)},
        {sent_at: "²"},
        {sent_at: "-1"},
        {f"{webhook.headers}-id": "another"},
    ):
        assert not genuine(changed), changed
    assert not is_genuine(webhook, signed_with, {}, body, now_s)


def test_without_a_usable_secret_there_is_no_key():
    webhook = SERVICES["replicate"].webhook
    assert webhook is not None
    assert [signing_key(webhook, KEY, text) for text in ("", "whsec_", "whsec_?")] == [None] * 3
    assert SERVICES["replicate-image"].secret_name == "SPLAZMATTE_REPLICATE_WEBHOOK_SECRET"


def test_an_address_for_webhooks_is_one_and_nothing_is_served_without():
    assert find_route("POST", "/webhooks/replicate") is None
    for text in ("matte.example.com", "https://a b", "ftp://a", "https://a/?x=1"):
        with pytest.raises(ValidationError):
            Settings(_env_file=None, remote_webhook_url=text)


@contextmanager
def served(settings: Settings, uploads: Path) -> Iterator[Settings]:
    """Serve the page's access control and the webhooks' route; yield the settings with their address."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    installed = settings.model_copy(update={"remote_webhook_url": url, "remote_pause_s": 3000.0})
    work, is_open = app.build_orchestrator(installed), threading.Event()
    is_open.set()
    control = Middleware(
        AccessControl,
        settings=installed,
        login=Login(installed),
        uploads_dir=uploads,
        is_open=is_open,
    )
    asgi = Starlette(routes=Webhooks(work).routes(), middleware=[control])
    server = uvicorn.Server(uvicorn.Config(asgi, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield installed
    finally:
        server.should_exit = True
        thread.join()
        work.close()


@contextmanager
def ending(context: RunContext) -> Iterator[None]:
    """Let nobody wait for a job whose test has failed."""
    try:
        yield
    finally:
        context.cancel.set()


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end_s
        threading.Event().wait(0.01)


@pytest.mark.parametrize("name", ["replicate", "bria"])
def test_a_webhook_ends_the_wait_and_one_that_is_late_forged_or_of_no_job_does_nothing(
    service, settings, matte, tmp_path, monkeypatch, name
):
    monkeypatch.setenv("SPLAZMATTE_REPLICATE_WEBHOOK_SECRET", WEBHOOK_SECRET)
    context = RunContext()
    with (
        served(settings, tmp_path) as installed,
        ThreadPoolExecutor(1) as pool,
        ending(context),
    ):
        changed = {key: getattr(installed, key) for key in ("remote_webhook_url", "remote_pause_s")}
        running = pool.submit(matte, name, changed=changed, context=context)
        until(lambda: service.polls == 1 or running.done())
        url = f"{installed.remote_webhook_url}/webhooks/{name}"
        assert service.webhook_urls == [url]
        assert service.announce("job1", key=b"forged") == 401
        assert service.announce("job1", key=b"forged", age_s=3600) == 401
        assert service.announce("job1", age_s=3600) == 401
        assert service.announce("job1", url=f"{installed.remote_webhook_url}/webhooks/fal") == 401
        assert service.announce("job7") == 204  # a job that nobody here waits for
        assert list((installed.workspace_dir / "remote" / "tickets").glob("*.called")) == []
        assert (service.polls, service.bills) == (1, 1)
        # Without it the next look would be fifty minutes away.
        assert service.announce("job1") == 204
        assert overlap(running.result(600)) > 0.97
        asked = (service.polls, len(service.requests))
        # Once more, and late: nothing is sent, asked or billed.
        assert service.announce("job1") == 204
        assert service.announce("job1", age_s=3600) == 401
        assert (service.polls, len(service.requests)) == asked
        assert service.bills == 1
        left = {path.suffix for path in (installed.workspace_dir / "remote" / "tickets").iterdir()}
        assert left <= {".lock"}
