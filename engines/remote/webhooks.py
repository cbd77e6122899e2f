"""Webhooks of services: whether one is genuine, and the job it is about, which is then asked about at once.

A webhook is a hint: nothing that it says of a job is used, nothing is sent, started or billed for it, and a job
whose webhook is lost is polled as ever. The signature is HMAC-SHA256 over "id.timestamp.body", in base64: Standard
Webhooks 1.0 (replicate.com/docs/topics/webhooks/verify-webhook), and docs.bria.ai/webhooks, which differs in the
headers' names and in how the key is made.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping

from engines.remote.answers import lookup
from engines.remote.replies import Replies, Reply
from engines.remote.spec import Service, Webhook
from engines.remote.store import Store
from engines.remote.ticket import Ticket
from utils.errors import ServiceFailed

MOST_APART_S = 300.0
"""Seconds that a webhook's time may differ from ours; a later copy of it is refused."""
_SIGNATURE = re.compile(r"\bv1[,=]([A-Za-z0-9+/]+={0,2})")
_SECRET_PREFIX = "whsec_"


def signing_key(webhook: Webhook, key: str, secret: str) -> bytes | None:
    """Return the key of a service's signatures, None where what it is made of is missing.

    Args:
        key: the service's key, of which it is derived where the row has a salt.
        secret: else what the service gave for it, "whsec_" and base64.
    """
    if webhook.salt:
        return hmac.digest(key.encode(), webhook.salt, hashlib.sha256) if key else None
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True) or None
    except binascii.Error:
        return None


def is_genuine(
    webhook: Webhook, key: bytes, headers: Mapping[str, str], body: bytes, now_s: float
) -> bool:
    """Tell whether the service signed this body within the last minutes; header names are in lower case."""
    number, sent_at, signatures = (
        headers.get(f"{webhook.headers}-{part}", "") for part in ("id", "timestamp", "signature")
    )
    if not re.fullmatch(r"[0-9]{1,12}", sent_at) or abs(now_s - int(sent_at)) > MOST_APART_S:
        return False
    message = f"{number}.{sent_at}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
    return any(hmac.compare_digest(expected, found) for found in _SIGNATURE.findall(signatures))


def call_job(service: Service, store: Store, body: bytes) -> None:
    """Have the job that a genuine webhook names asked about at once; others than waiting ones change nothing."""
    try:
        answer = Replies(service.title, {}).json(Reply(200, {}, body))
    except ServiceFailed:
        return
    number = str(lookup(answer, service.id) or "")
    for path in store.tickets.glob("*.json"):
        ticket = Ticket.read(path)
        if number and ticket.id == number:
            ticket.call()
