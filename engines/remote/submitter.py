"""Takes a submission through a service's protocol: upload, submit, poll, fetch, cancel; opens no picture."""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engines.base import RunContext
from engines.remote.answers import Answer, expand_body, lookup
from engines.remote.ledger import Ledger
from engines.remote.replies import Reply
from engines.remote.spec import Service
from engines.remote.store import Store
from engines.remote.ticket import Ticket
from engines.remote.wire import AnswerLostError, Wire
from utils.errors import Cancelled, ServiceFailed

_CONTENT_TYPES = {".mp4": "video/mp4", ".mkv": "video/x-matroska", ".png": "image/png"}
FETCH_TRIES = 3
"""Times that a result is fetched which arrives damaged."""
_NOT_ACCEPTED = frozenset(
    f"remote.{name}"
    for name in (
        "bad_key",
        "no_credit",
        "too_large",
        "refused",
        "busy",
        "gone",
        "unreachable",
        "deadline",
        "private_address",
    )
)
"""Errors of a submit after which no job exists, so that nothing is owed."""
_OVER = frozenset(f"remote.{name}" for name in ("gone", "job_failed"))
"""Errors after which a job's ticket is of no more use: the next start sends again."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One job at the service.

    Args:
        path: the file to send.
        fingerprint: the same for the same content and options, hexadecimal.
        usd: its expected cost; further_usd: that of the job's submissions after it.
        values: what further placeholders in the row stand for.
        masks: the target's masks, for a service that takes them.
        verify: raises `ServiceFailed` on a result that is damaged, which is then fetched again.
    """

    path: Path
    fingerprint: str
    usd: float
    values: Mapping[str, str] = field(default_factory=dict)
    masks: Path | None = None
    further_usd: float = 0.0
    verify: Callable[[Path], None] = lambda path: None


@dataclass(slots=True)
class Bill:
    """What a run cost, as far as is known, and how many submissions of it were sent, now or by a start before."""

    usd: float = 0.0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Submitter:
    """Sends submissions to a service and brings their results back.

    Args:
        values: what the placeholders "{base}", "{storage}", "{model}" and "{webhook}" stand for.
        store: where tickets and results lie; a submission whose result lies there is not sent.
        folder: for what is on its way, on the same disk.
    """

    service: Service
    wire: Wire
    ledger: Ledger
    values: Mapping[str, str]
    store: Store
    folder: Path
    context: RunContext
    bill: Bill = field(default_factory=Bill)

    def deliver(self, submission: Submission) -> Path | None:
        """Return the file that the service made of a submission, None where it finds no foreground in it.

        Raises:
            ServiceFailed: with what happened, and whether something may have been billed.
            BadRequest: the budget does not allow it.
        """
        result = self.store.results / f"{submission.fingerprint}{self.service.result_suffix}"
        with self.store.submitting(submission.fingerprint, self.context.cancel):
            if result.is_file():
                self.store.touch(result)
                return result
            ticket = Ticket.read(self.store.tickets / f"{submission.fingerprint}.json")
            if ticket.state == "sending":
                # Told once; whoever starts again knows.
                ticket.forget()
                raise self.wire.replies.failed("lost_before")
            if ticket.state == "new":
                reply = self._submit(submission, ticket)
                if reply is None or not self.service.poll:
                    ticket.forget()
                    return None if reply is None else self._keep(reply, submission, result)
            else:
                self.bill.usd += ticket.usd
                self.bill.sent += 1
        try:
            self._fetch(ticket, self._wait(ticket), submission, result)
        except Cancelled:
            if not self.context.is_stopping():
                self._cancel(ticket)
            raise
        except ServiceFailed as error:
            if error.code in _OVER:
                ticket.forget()
            raise
        ticket.forget()
        return result

    def _submit(self, submission: Submission, ticket: Ticket) -> Reply | None:
        """Send the job; the ticket says so before, and has the job's id afterwards. None: no foreground in it."""
        values = {**self.values, **submission.values, "key_of_job": ticket.key}
        # The upload costs nothing, but the clip leaves this machine with it.
        self.ledger.check(submission.usd + submission.further_usd)
        if self.service.upload is not None:
            values["file"] = self._upload(submission.path)
        self.ledger.add(self.service.name, submission.usd, "sent", submission.further_usd)
        ticket.state, ticket.usd = "sending", submission.usd
        ticket.write()
        url = self.service.submit.format_map(values)
        try:
            reply = self.wire.post(
                url, headers=dict(self.service.submit_headers), **self._content(submission, values)
            )
        except AnswerLostError as error:
            ticket.forget()
            raise self.wire.replies.failed("answer_lost", error) from error
        except (ServiceFailed, Cancelled) as error:
            if isinstance(error, Cancelled) or error.code in _NOT_ACCEPTED:
                self.ledger.add(self.service.name, -submission.usd, "refused")
            ticket.forget()
            if self.service.nothing_found and self.service.nothing_found in error.detail:
                return None
            raise
        self.bill.usd += submission.usd
        self.bill.sent += 1
        self._settle(submission, reply)
        if self.service.poll:
            self._note(ticket, reply)
        return reply

    def _content(self, submission: Submission, values: Mapping[str, str]) -> dict[str, Any]:
        if "{file_base64}" in self.service.body.values():
            encoded = base64.b64encode(submission.path.read_bytes()).decode("ascii")
            values = {**values, "file_base64": encoded}
        webhook = self.service.webhook
        asked = webhook.body if webhook is not None and values["webhook"] else {}
        body = expand_body({**self.service.body, **asked}, values)
        if not self.service.file_field:
            return {"json": body}
        files = {self.service.file_field: submission.path}
        if submission.masks is not None and self.service.mask_field:
            files[self.service.mask_field] = submission.masks
        return {"data": body, "files": files}

    def _upload(self, path: Path) -> str:
        """Bring the file to where the service reads it; return its address there. Nothing is billed for it."""
        upload = self.service.upload
        if upload is None:
            raise RuntimeError("the file travels in the submit")
        url = upload.url.format_map(self.values)
        try:
            if not upload.target:
                reply = self.wire.post(url, files={upload.file_field: path})
                return self._address(self.wire.replies.json(reply), upload.file_url)
            answer = self.wire.replies.json(self.wire.post(url, json=dict(upload.body)))
            target = self._address(answer, upload.target)
            fields = lookup(answer, upload.fields) if upload.fields else None
            if isinstance(fields, dict):
                texts = {str(name): str(value) for name, value in fields.items()}
                self.wire.post(target, data=texts, files={upload.file_field: path})
            else:
                self.wire.put(target, path, _CONTENT_TYPES[path.suffix])
            return self._address(answer, upload.file_url)
        except AnswerLostError as error:
            raise self.wire.replies.failed("unreachable", error) from error

    def _settle(self, submission: Submission, reply: Reply) -> None:
        """Write the difference to what the service says that it charged, where it says so."""
        header = self.service.price.charged.lower()
        if not header or header not in reply.headers or self.service.price.usd == 0:
            return
        try:
            true_usd = float(reply.headers[header]) * submission.usd
        except ValueError:
            return
        # A service can't give a budget back, nor make it a number that no sum exceeds.
        if math.isfinite(true_usd) and true_usd >= 0 and true_usd != submission.usd:
            self.ledger.add(self.service.name, true_usd - submission.usd, "charged")
            self.bill.usd += true_usd - submission.usd

    def _note(self, ticket: Ticket, reply: Reply) -> None:
        """Put the job's id and addresses on disk.

        Raises:
            ServiceFailed: the answer has none, so the job can't be found again.
        """
        service = self.service
        try:
            answer = self.wire.replies.json(reply)
            number = lookup(answer, service.id)
            if not isinstance(number, (str, int)) or number == "":
                raise self.wire.replies.failed("not_understood")
            ticket.id = str(number)
            ticket.poll = self._address(answer, service.poll, ticket.id)
            if service.through:
                ticket.through = self._address(answer, service.through, ticket.id)
            if service.cancel is not None:
                ticket.cancel = self._address(answer, service.cancel[1], ticket.id)
        except ServiceFailed:
            ticket.forget()
            raise
        ticket.state = "accepted"
        ticket.write()

    def _wait(self, ticket: Ticket) -> Answer:
        """Ask how the job is until it is done; return the last answer."""
        service = self.service
        self.context.report("wait", 0, 1)
        for attempt in itertools.count():
            answer = self.wire.get(ticket.poll)
            word = str(lookup(answer, service.status))
            if word in service.done:
                return answer
            if word in service.failed:
                reason = self.wire.replies.clean(str(lookup(answer, service.error) or word))
                raise self.wire.replies.failed("job_failed", reason=reason)
            self.context.check_cancelled()
            self.wire.pause(attempt, is_called=ticket.take_call)
        raise RuntimeError("unreachable")

    def _fetch(self, ticket: Ticket, answer: Answer, submission: Submission, result: Path) -> None:
        if ticket.through:
            answer = self.wire.get(ticket.through)
        url = self._address(answer, self.service.result, ticket.id)
        incoming = self.folder / f"incoming{result.suffix}"
        for attempt in range(FETCH_TRIES):
            self.wire.download(url, incoming)
            try:
                submission.verify(incoming)
            except ServiceFailed:
                incoming.unlink(missing_ok=True)
                if attempt + 1 == FETCH_TRIES:
                    raise
                continue
            incoming.replace(result)
            return

    def _keep(self, reply: Reply, submission: Submission, result: Path) -> Path:
        """Keep the result that the submit was answered with."""
        incoming = self.folder / f"incoming{result.suffix}"
        incoming.write_bytes(reply.content)
        try:
            submission.verify(incoming)
        except ServiceFailed as error:
            raise self.wire.replies.failed("not_understood", error) from error
        incoming.replace(result)
        return result

    def _cancel(self, ticket: Ticket) -> None:
        if ticket.state == "accepted" and ticket.cancel and self.service.cancel is not None:
            self.wire.end(self.service.cancel[0], ticket.cancel)
        ticket.forget()

    def _address(self, answer: Answer, where: str, number: str = "") -> str:
        """Return an address by its template, or from the answer.

        Raises:
            ServiceFailed: the answer has none there.
        """
        if "{" in where:
            return where.format_map({**self.values, "id": quote(number, safe="")})
        found = lookup(answer, where)
        while isinstance(found, list) and found:
            found = found[0]
        if not isinstance(found, str) or not found.startswith(("https://", "http://")):
            raise self.wire.replies.failed("not_understood")
        return found
