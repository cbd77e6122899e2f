"""Hosted services as matting engines: one class for every row of the table of services.

It sends a clip, waits, and fits what comes back to the clip. A service mattes "the foreground": with a mark
its alpha is restricted to the tracked target here, so that other marks need no further job. It must not send
anything before `process`, and never anything that the budget doesn't allow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engines.base import (
    Capability,
    ClipExchange,
    DeviceName,
    Engine,
    FrameSource,
    MattedFrame,
    Requirement,
    RunContext,
    check_requirements,
)
from engines.onnx.guide import TargetGuide
from engines.onnx.target import TargetRestriction
from engines.remote.keys import Keys
from engines.remote.ledger import Ledger
from engines.remote.options import RemoteOptions
from engines.remote.services import SERVICES
from engines.remote.spec import Service
from utils.errors import BadRequest
from utils.options import OptionValue, read_options
from utils.types import Mask, Message

if TYPE_CHECKING:
    from config import Settings
    from engines.remote.account import Account


class RemoteServiceEngine(Engine):
    """One service; subclasses, made by this module for each row, say which."""

    service: Service
    capabilities = frozenset({Capability.MATTE, Capability.EVERYONE})
    guide_kind = "mask_per_frame"
    options_type = RemoteOptions
    offered_when_missing = False
    is_remote = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = Keys(settings.remote_keys_file)
        self._exchange: ClipExchange | None = None
        self._ledger = Ledger(
            settings.workspace_dir / "remote_costs.jsonl",
            settings.remote_budget_day_usd,
            settings.remote_budget_month_usd,
        )
        self.description = self._description()

    @property
    def weight_bytes(self) -> int:
        """Nothing is loaded here."""
        return 0

    def requirements(self) -> tuple[Requirement, ...]:
        """The service's key, and what a row leaves to the administrator: its price, and an endpoint's address."""
        title = self.service.title
        needed = [self._keys.requirement(self.service)]
        if not self.service.base:
            message = Message("remote.requirement_base", {"service": title})
            setting = f"""SPLAZMATTE_REMOTE_BASES='{{"{self.name}": "https://…"}}'"""
            needed.append(Requirement(message, bool(self._base), setting))
        if self.service.price.usd is None:
            message = Message("remote.requirement_price", {"service": title})
            setting = f"""SPLAZMATTE_REMOTE_PRICES='{{"{self.name}": …}}'"""
            needed.append(Requirement(message, self.name in self._settings.remote_prices, setting))
        return tuple(needed)

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """See `Engine.working_bytes`; it works in main memory, a frame at a time."""
        return 0

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`; there is only the key to look for."""
        check_requirements(self.label, self.requirements())

    def unload(self) -> None:
        """See `Engine.unload`."""

    def use_exchange(self, exchange: ClipExchange) -> None:
        """See `ClipSender.use_exchange`."""
        self._exchange = exchange

    def before_start(
        self,
        size_wh: tuple[int, int],
        frame_count: int,
        fps: Fraction,
        options: Mapping[str, OptionValue],
    ) -> Message:
        """See `RemoteEngine.before_start`; the estimate is the most that it can be.

        A job beyond the budget is not refused yet: what it needs may be there from an earlier one.
        """
        chosen = read_options(RemoteOptions, options, self.option_specs())
        sent = -(-frame_count // chosen.every)
        duration_s = float(sent / fps)
        limit_s = self.service.limits.duration_s
        if limit_s and self.service.sends != "pictures" and duration_s > limit_s:
            raise BadRequest(
                "remote.too_long",
                service=self.service.title,
                seconds=round(duration_s, 1),
                limit=round(limit_s, 1),
            )
        usd = self.cost_usd(sent, fps)
        values: dict[str, str | int | float | Message] = {
            "service": self.service.title,
            "host": self._host,
            "usd": f"{usd:.2f}",
            "frames": sent,
        }
        before = Message("remote.before", values)
        try:
            self._ledger.check(usd)
        except BadRequest as error:
            return Message("remote.before_beyond", {"before": before, "problem": error.message})
        return before

    def cost_usd(self, sent: int, fps: Fraction) -> float:
        """Return what so many frames at that rate cost, in US dollars."""
        price = self.service.price
        units = {"second": float(sent / fps), "picture": float(sent), "job": 1.0}[price.unit]
        return units * (self._stated_usd or 0.0)

    def spending(self) -> Message:
        """See `RemoteEngine.spending`."""
        spent, whole = self._ledger.spent(self.name), self._ledger.spent()
        return Message(
            "remote.spending",
            {
                "day": f"{spent.day:.2f}",
                "month": f"{spent.month:.2f}",
                "all_day": f"{whole.day:.2f}",
                "all_month": f"{whole.month:.2f}",
                "day_limit": f"{self._ledger.day_usd:.2f}",
                "month_limit": f"{self._ledger.month_usd:.2f}",
            },
        )

    def examine(self) -> Message:
        """See `RemoteEngine.examine`."""
        from engines.remote.account import examine

        return examine(self.account(), RunContext())

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """See `MattingEngine.process`; an empty guide asks for the whole foreground. Frames come in ascending order.

        Raises:
            ServiceFailed: the service failed; the text says whether something may have been billed.
            BadRequest: the budget doesn't allow the job, or the clip is beyond the service's limits.
        """
        if self._exchange is None:
            raise RuntimeError("use_exchange comes before process")
        chosen = read_options(RemoteOptions, options, self.option_specs())
        TargetGuide(guide, frames.size_wh, context.first).check_start(start)
        return self._run(frames, guide, start, chosen, context, self._exchange)

    def _run(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: RemoteOptions,
        context: RunContext,
        exchange: ClipExchange,
    ) -> Iterator[MattedFrame]:
        from engines.remote.job import ServiceJob

        context.check_cancelled()
        job = ServiceJob(self.account(), exchange, frames, guide, start, options, context)
        takes_masks = bool(self.service.mask_field) and bool(guide)
        masks = TargetGuide({} if takes_masks else guide, frames.size_wh, context.first)
        restriction = TargetRestriction(frames.size_wh, fills=False)
        with closing(job.alphas()) as alphas:
            for index, alpha in enumerate(alphas):
                mask = masks.mask(index)
                result = alpha
                if mask is not None:
                    if index in context.confirmed or index == 0:
                        restriction.learn(alpha, mask)
                    result = restriction(alpha, mask)
                context.report("matte", index + 1, len(frames))
                yield MattedFrame(index, result)

    def account(self) -> Account:
        """Return what a job needs of this installation: key, addresses, price, timeouts, ledger."""
        from engines.remote.account import Account
        from engines.remote.store import Store
        from engines.remote.wire import Timeouts

        settings = self._settings
        return Account(
            service=self.service,
            key=self._keys.get(self.service),
            base=self._base,
            # Whoever names another address takes all calls there.
            storage=self._base if self.name in settings.remote_bases else self.service.storage,
            is_private=self.name in settings.remote_bases,
            model=settings.remote_models.get(self.name, self.service.model),
            cost_usd=self.cost_usd,
            ledger=self._ledger,
            timeouts=Timeouts(
                settings.remote_pause_s, settings.remote_deadline_s, settings.remote_fetch_s
            ),
            most_bytes=settings.remote_result_bytes,
            store=Store.of(settings.workspace_dir),
            kept_s=settings.retention_hours * 3600,
            webhook_url=self._webhook_url if self._signing_key() else "",
        )

    def take_webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """See `RemoteEngine.take_webhook`."""
        from engines.remote.store import Store
        from engines.remote.webhooks import call_job, is_genuine

        webhook, key = self.service.webhook, self._signing_key()
        if webhook is None or key is None:
            return False
        if not is_genuine(webhook, key, headers, body, time.time()):
            return False
        call_job(self.service, Store.of(self._settings.workspace_dir), body)
        return True

    def _signing_key(self) -> bytes | None:
        """Return the key of the service's webhooks, None where it is not asked for any."""
        from engines.remote.webhooks import signing_key

        service = self.service
        if service.webhook is None or not self._settings.remote_webhook_url:
            return None
        secret = self._keys.named(service.secret_name)
        return signing_key(service.webhook, self._keys.get(service), secret)

    @property
    def _webhook_url(self) -> str:
        return f"{self._settings.remote_webhook_url.rstrip('/')}/webhooks/{self.name}"

    @property
    def _base(self) -> str:
        return self._settings.remote_bases.get(self.name, self.service.base).rstrip("/")

    @property
    def _host(self) -> str:
        return urlsplit(self._base).hostname or "-"

    @property
    def _stated_usd(self) -> float | None:
        return self._settings.remote_prices.get(self.name, self.service.price.usd)

    def _description(self) -> Message:
        usd = self._stated_usd
        price = Message("remote.price_unstated")
        if usd is not None:
            price = Message(f"remote.price_{self.service.price.unit}", {"usd": f"{usd:g}"})
        values: dict[str, str | int | float | Message] = {
            "service": self.service.title,
            "host": self._host,
            "price": price,
        }
        return Message("remote.description", values)


def __getattr__(name: str) -> type[RemoteServiceEngine]:
    """Return the engine class of a service, by the service's name."""
    if name not in SERVICES:
        raise AttributeError(name)
    service = SERVICES[name]
    label = Message("remote.label", {"service": service.title})
    kind = type(name, (RemoteServiceEngine,), {"name": name, "service": service, "label": label})
    globals()[name] = kind
    return kind
