"""A server that plays the services, written from their documentation; it counts what it would bill.

What goes wrong is a list of faults for each step ("upload", "submit", "poll", "fetch"), each used up once:
a status code, or a word that `_Handler` knows.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np

from tests.clips import binary, decode, ffmpeg

KEY = "secret-key-of-the-house"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"what webhooks are signed with").decode()
AUTH = {
    "replicate": ("authorization", f"Bearer {KEY}"),
    "fal": ("authorization", f"Key {KEY}"),
    "bria": ("api_token", KEY),
    "remove-bg": ("x-api-key", KEY),
    "unscreen": ("x-api-key", KEY),
}


def as_it_is(alphas: np.ndarray) -> np.ndarray:
    return alphas


@dataclass
class StandIn:
    """The state of the server; `folder` has its files."""

    folder: Path
    faults: dict[str, list[Any]] = field(default_factory=dict)
    polls_before_done: int = 1
    bills: int = 0
    cancels: int = 0
    polls: int = 0
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    sent_frames: list[np.ndarray] = field(default_factory=list)
    change: Callable[[np.ndarray], np.ndarray] = as_it_is
    """Changes the mattes, uint8 (N, H, W), before they are sent back."""
    rate: str = "25"
    made: dict[Any, tuple[np.ndarray, bytes]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, Any] = field(default_factory=dict)
    """Answers to submits that were given another address, by the job's number."""
    charged: str = "1.0"
    """What remove.bg says that a picture cost, in credits."""
    webhook_urls: list[str] = field(default_factory=list)
    """Where each submit asked for a webhook."""
    url: str = ""
    elsewhere: str = ""
    """The same server at another port, which nobody named: an address of this network."""

    def reset(self) -> None:
        fresh = StandIn(self.folder)
        for name in (
            "faults",
            "polls_before_done",
            "bills",
            "cancels",
            "polls",
            "requests",
            "bodies",
        ):
            setattr(self, name, getattr(fresh, name))
        for name in ("sent_frames", "change", "rate", "jobs", "uploads", "moved", "charged"):
            setattr(self, name, getattr(fresh, name))
        self.webhook_urls = []

    def announce(
        self, number: str, *, age_s: float = 0.0, key: bytes | None = None, url: str = ""
    ) -> int:
        """Send a webhook that the job is done, signed as its service does or with another key; return the answer."""
        url, at = url or self.webhook_urls[-1], str(int(time.time() - age_s))
        if url.endswith("replicate"):
            body, prefix, form = {"id": number, "status": "succeeded"}, "webhook", "v1,AAAA v1,{}"
            own = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
        else:
            body = {"request_id": number, "status": "COMPLETED"}
            prefix, form = "Bria-Webhook", "v1=AAAA, v1={}"
            own = hmac.digest(KEY.encode(), b"bria-webhook-signing-v1", "sha256")
        content = json.dumps(body)
        signature = hmac.digest(
            own if key is None else key, f"{number}.{at}.{content}".encode(), "sha256"
        )
        headers = {
            "Content-Type": "application/json",
            f"{prefix}-Id": number,
            f"{prefix}-Timestamp": at,
            f"{prefix}-Signature": form.format(base64.b64encode(signature).decode()),
        }
        return httpx.post(url, content=content, headers=headers, trust_env=False).status_code

    def fault(self, step: str) -> Any:
        waiting = self.faults.get(step) or []
        return waiting.pop(0) if waiting else None

    def result(self, service: str, clip: bytes, number: str) -> bytes:
        """Matte a clip by its red and encode it as the service does; what was asked before is remembered."""
        asked = (service, hashlib.sha256(clip).hexdigest(), self.rate, str(self.change))
        if asked not in self.made:
            self.made[asked] = self._made(service, clip, number)
        frames, content = self.made[asked]
        self.sent_frames.append(frames)
        return content

    def _made(self, service: str, clip: bytes, number: str) -> tuple[np.ndarray, bytes]:
        if service.endswith("-image"):
            picture = cv2.imdecode(np.frombuffer(clip, np.uint8), cv2.IMREAD_COLOR)
            alpha = np.where(picture[..., 2] > 150, 255, 0).astype(np.uint8)
            cut = np.dstack([picture, alpha])
            return picture[None], cv2.imencode(".png", cut)[1].tobytes()
        source = self.folder / f"{number}.mp4"
        source.write_bytes(clip)
        frames = decode(source, "rgb24")
        alphas = self.change(np.where(frames[..., 0] > 150, 255, 0).astype(np.uint8))
        if service == "replicate":
            return frames, self.encode(
                alphas, ("-pix_fmt", "yuv420p", "-qp", "0"), f"{number}_matte.mp4"
            )
        if service == "unscreen":
            packed = io.BytesIO()
            matte = self.encode(alphas, ("-pix_fmt", "yuv420p", "-qp", "0"), f"{number}_alpha.mp4")
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("alpha.mp4", matte)
                archive.writestr("color.mp4", clip)
            return frames, packed.getvalue()
        count, height, width = alphas.shape
        rgba = np.zeros((count, height, width, 4), np.uint8)
        rgba[..., 0], rgba[..., 3] = 200, alphas
        vp9 = (
            "-c:v",
            "libvpx-vp9",
            "-pix_fmt",
            "yuva420p",
            "-lossless",
            "1",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
        )
        return frames, self.encode(rgba, vp9, f"{number}_cut.webm")

    def encode(self, frames: np.ndarray, how: tuple[str, ...], name: str) -> bytes:
        pixels = "rgba" if frames.ndim == 4 else "gray"
        raw, path = self.folder / f"{name}.raw", self.folder / name
        raw.write_bytes(frames.tobytes())
        size = f"{frames.shape[2]}x{frames.shape[1]}"
        ffmpeg(
            "-f", "rawvideo", "-pix_fmt", pixels, "-s", size, "-r", self.rate, "-i", raw, *how, path
        )
        return path.read_bytes()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: StandIn

    def log_message(self, *_: object) -> None:
        pass

    def _read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _form(self, content: bytes) -> dict[str, bytes]:
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + content)
        return {
            str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
            for part in message.iter_parts()
        }

    def _answer(self, code: int, body: Any, kind: str = "application/json", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def _note(self, service: str) -> bool:
        """Remember the request; False where the key is wrong."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.state.requests.append((self.command, self.path, headers))
        name, value = AUTH[service]
        return headers.get(name) == value

    def _fails(self, step: str) -> bool:
        """Play the next fault of a step; False where there is none."""
        fault = self.state.fault(step)
        if fault is None:
            return False
        if fault == "drop":
            self.close_connection = True
            self.connection.shutdown(2)
        elif isinstance(fault, tuple):
            self._answer(fault[0], {"detail": "busy"}, Retry_After=fault[1])
        elif isinstance(fault, int):
            self._answer(fault, {"detail": f"no, {KEY}", "errors": [{"title": "no"}]})
        elif fault == "moved":
            self.state.moved["next"] = None
            return False
        elif fault == "nested":
            self._answer(200, b"[" * 200_000)
        elif fault == "compressed":
            self._answer(200, gzip.compress(b"{}"), Content_Encoding="gzip")
        elif fault == "dripping headers":
            self._drip_headers()
        elif fault == "nothing found":
            self._answer(400, {"errors": [{"title": "no", "code": "unknown_foreground"}]})
        elif fault == "not json":
            self._answer(200, b"<html>", "text/html")
        return True

    def do_POST(self) -> None:
        content = self._read()
        service, _, rest = self.path[1:].partition("/")
        if rest.startswith("put/"):
            self.state.requests.append((self.command, self.path, dict(self.headers.items())))
            self.state.uploads[rest[4:]] = self._form(content)["file"]
            self._answer(204, b"")
            return
        if not self._note(service):
            self._answer(401, {"detail": "wrong key"})
            return
        if rest.endswith("/cancel"):
            self.state.cancels += 1
            self._answer(200, {})
        elif rest in ("v1/files", "storage/upload/initiate", "v2/video/upload"):
            if not self._fails("upload"):
                self._upload(service, content)
        elif not self._refuses():
            self._submit(service, content)

    def _refuses(self) -> bool:
        """Play a fault of the submit; what is accepted before the answer is lost is billed."""
        waiting = self.state.faults.get("submit") or []
        if waiting and waiting[0] in ("drop", "not json"):
            self.state.bills += 1
        return self._fails("submit")

    def _upload(self, service: str, content: bytes) -> None:
        number = str(len(self.state.uploads))
        url = f"{self.state.url}/{service}/put/{number}"
        if service == "replicate":
            self.state.uploads[number] = self._form(content)["content"]
            self._answer(201, {"urls": {"get": url}})
            return
        extra = {"upload_fields": {"policy": "x"}} if service == "bria" else {}
        self._answer(200, {"upload_url": url, "file_url": url, **extra})

    def do_PUT(self) -> None:
        content = self._read()
        service, _, rest = self.path[1:].partition("/")
        if rest.startswith("put/"):
            self.state.requests.append((self.command, self.path, dict(self.headers.items())))
            self.state.uploads[rest[4:]] = content
            self._answer(200, {})
        elif self._note(service):
            self.state.cancels += 1
            self._answer(202, {})

    def _submit(self, service: str, content: bytes) -> None:
        state = self.state
        state.bills += 1
        number = f"job{state.bills}"
        if service == "remove-bg":
            self._picture(content)
            return
        if service == "unscreen":
            form = self._form(content)
            clip = form.pop("video_file")
            state.bodies.append({name: value.decode() for name, value in form.items()})
        else:
            body = json.loads(content)
            state.bodies.append(body)
            state.webhook_urls += [
                body[name] for name in ("webhook", "webhook_url") if name in body
            ]
            sent = body.get("input", body)
            if "image" in sent:
                service += "-image"
            address = sent.get("video_url") or sent.get("video") or sent.get("input_video") or ""
            if service == "bria-image":
                clip = base64.b64decode(sent["image"])
            else:
                address = address or sent["image"]
                clip = state.uploads[address.rpartition("/")[2]]
        state.jobs[number] = {"clip": clip, "polls": 0, "service": service}
        service = service.removesuffix("-image")
        base = f"{state.url}/{service}"
        self._accept(
            number,
            {
                "replicate": {
                    "id": number,
                    "status": "starting",
                    "urls": {
                        "get": f"{base}/v1/predictions/{number}",
                        "cancel": f"{base}/v1/predictions/{number}/cancel",
                    },
                },
                "fal": {
                    "request_id": number,
                    "status_url": f"{base}/requests/{number}/status",
                    "response_url": f"{base}/requests/{number}",
                    "cancel_url": f"{base}/requests/{number}/cancel",
                },
                "bria": {"request_id": number, "status_url": f"{base}/v2/status/{number}"},
                "unscreen": {"data": {"id": number, "attributes": {"status": "queued"}}},
            }[service],
        )

    def _accept(self, number: str, answer: Any) -> None:
        if "next" not in self.state.moved:
            self._answer(201, answer)
            return
        self.state.moved = {number: answer}
        self._redirect(f"/{self.path.split('/')[1]}/moved/{number}", 303)

    def _picture(self, content: bytes) -> None:
        form = self._form(content)
        picture = cv2.imdecode(np.frombuffer(form.pop("image_file"), np.uint8), cv2.IMREAD_COLOR)
        self.state.bodies.append({name: value.decode() for name, value in form.items()})
        frames = picture[None, ..., ::-1]
        self.state.sent_frames.append(frames)
        alphas = self.state.change(np.where(frames[..., 0] > 150, 255, 0).astype(np.uint8))
        png = cv2.imencode(".png", alphas[0])[1].tobytes()
        self._answer(200, png, "image/png", X_Credits_Charged=self.state.charged)

    def do_GET(self) -> None:
        service, _, rest = self.path[1:].partition("/")
        is_known = self._note(service)
        if rest.startswith("result/"):
            self._fetch(service, rest)
            return
        if not is_known:
            self._answer(401, {"detail": "wrong key"})
        elif rest.startswith("moved/"):
            self._answer(200, self.state.moved[rest.rpartition("/")[2]])
        elif rest.endswith("account"):
            credit = {"data": {"attributes": {"credits": {"total": 41}}}, "username": "house"}
            self._answer(200, credit)
        elif not self._fails("poll"):
            self._poll(service, rest)

    def _poll(self, service: str, rest: str) -> None:
        state = self.state
        state.polls += 1
        number = next((name for name in rest.split("/") if name in state.jobs), "")
        if not number:
            self._answer(404, {"detail": "gone"})
            return
        job = state.jobs[number]
        url = f"{state.url}/{service}/result/{number}"
        if service == "fal" and not rest.endswith("/status"):
            self._answer(200, {"video": {"url": url}})
            return
        job["polls"] += 1
        if job["polls"] <= state.polls_before_done:
            waiting = {"unscreen": {"data": {"attributes": {"status": "processing"}}}}
            words = {"replicate": "processing", "fal": "IN_QUEUE", "bria": "IN_PROGRESS"}
            code = 202 if service == "fal" else 200
            self._answer(code, waiting.get(service) or {"status": words[service]})
            return
        if state.fault("job") is not None:
            self._answer(200, {"status": "failed", "error": f"no memory {KEY}"})
            return
        job.setdefault("result", state.result(job["service"], job["clip"], number))
        done = {
            "replicate": {"status": "succeeded", "output": [url]},
            "fal": {"status": "COMPLETED"},
            "bria": {"status": "COMPLETED", "result": {"video_url": url, "image_url": url}},
            "unscreen": {"data": {"attributes": {"status": "done", "result_url": url}}},
        }
        self._answer(200, done[service])

    def _fetch(self, service: str, rest: str) -> None:
        state = self.state
        path, _, query = rest.partition("?")
        content = state.jobs[path.rpartition("/")[2]].get("result", b"")
        kind = {"unscreen": "application/zip", "replicate": "video/mp4"}.get(service, "video/webm")
        hops = int(query or 0)
        fault = state.faults.get("fetch", [None])[:1]
        if fault == ["hops"] and hops < 25:
            self._redirect(f"{self.path.partition('?')[0]}?{hops + 1}", 303)
            return
        fault = [state.fault("fetch")]
        if fault == ["private"]:
            self._redirect(f"{state.elsewhere}{self.path}", 302)
        elif fault == ["loop"]:
            state.faults["fetch"] = ["loop"]
            self._redirect(self.path, 302)
        elif fault == ["truncated"]:
            self._answer(200, content[: len(content) // 2], kind)
        elif fault == ["cut"]:
            self._cut(content, kind)
        elif fault == ["drip"]:
            self._drip(content, kind)
        elif fault == ["html"]:
            self._answer(200, b"<html>sign in</html>", "text/html; charset=utf-8")
        elif isinstance(fault[0], int):
            self._answer(fault[0], {"detail": "expired"})
        else:
            self._answer(200, content, kind)

    def _redirect(self, target: str, code: int) -> None:
        self._answer(code, b"", "text/plain", Location=target)

    def _cut(self, content: bytes, kind: str) -> None:
        """Promise the whole and close in the middle."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:100])
        self.close_connection = True

    def _drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.close_connection = True
        while True:
            try:
                self.wfile.write(b"x")
            except OSError:
                return
            time.sleep(0.02)

    def _drip(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for byte in content:
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.02)


def serve(state: StandIn) -> list[ThreadingHTTPServer]:
    """Start the server at two ports of this machine; shut both down in the end."""
    binary()
    handler = type("Handler", (_Handler,), {"state": state})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    for server in servers:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    state.url, state.elsewhere = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    return servers
