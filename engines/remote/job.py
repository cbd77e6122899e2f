"""One job: pack what is sent, have it taken to the service and back, fill the frames that were not sent."""

from __future__ import annotations

import hashlib
import itertools
import os
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import httpx
import numpy as np

from engines.base import ClipExchange, FrameSource, ReturnedClip, RunContext
from engines.onnx.flow_smoothing import FlowCarrier
from engines.remote.addresses import origin_of
from engines.remote.courier import Bill, Courier, Parcel, lookup
from engines.remote.fit import Sent, at_size, brightness, clip_alphas, fitted_indices
from engines.remote.ledger import Ledger
from engines.remote.options import RemoteOptions
from engines.remote.sending import Fate, Selection, chosen_frames, resized, sent_size_wh
from engines.remote.spec import Service
from engines.remote.store import Store
from engines.remote.wire import Patience, Wire
from utils.errors import BadUpload, ServiceFailed
from utils.image_utils import write_image
from utils.prefetch import ended
from utils.types import Alpha, Mask, Message

_MATTE_IN_ZIP = "alpha.mp4"
_ENCRYPTED = 1
"""Bit of a ZIP member's flags (APPNOTE 4.4.4)."""
_MEGABYTE = 1024 * 1024
_COPY_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Account:
    """What a job needs to know of this installation's relation to a service; `key` never leaves its wire."""

    service: Service
    key: str = field(repr=False)
    base: str
    storage: str
    is_private: bool
    model: str
    cost_usd: Callable[[int, Fraction], float]
    ledger: Ledger
    patience: Patience
    most_bytes: int
    store: Store
    kept_s: float

    def wire(self, context: RunContext) -> Wire:
        """Return connections for one job; close them."""
        bases = [base for base in (self.base, self.storage) if base]
        return Wire(
            title=self.service.title,
            key_headers={
                name: text.format(key=self.key) for name, text in self.service.auth.items()
            },
            own=tuple(dict.fromkeys(origin_of(httpx.URL(base)) for base in bases)),
            is_private=self.is_private,
            patience=self.patience,
            most_bytes=self.most_bytes,
            cancel=context.cancel,
        )

    @property
    def values(self) -> dict[str, str]:
        """What the placeholders of the row stand for."""
        return {"base": self.base, "storage": self.storage, "model": self.model}


def examine(account: Account, context: RunContext) -> Message:
    """See `RemoteEngine.examine`."""
    values: dict[str, str | int | float | Message] = {"service": account.service.title}
    if account.service.quota is None:
        return Message("remote.examined_key", values)
    url, where = account.service.quota
    # Somebody waits for the answer: the patience of a job would be too much.
    patient = replace(account, patience=replace(account.patience, job_s=20.0))
    with closing(patient.wire(context)) as wire:
        credit = lookup(wire.get(url.format_map(account.values)), where)
        return Message("remote.examined", {**values, "credit": wire.clean(str(credit))})


@dataclass(slots=True)
class ServiceJob:
    """One run of a clip at a service."""

    account: Account
    exchange: ClipExchange
    frames: FrameSource
    guide: Mapping[int, Mask]
    start: int
    options: RemoteOptions
    context: RunContext
    _returned: ReturnedClip | None = None
    _picture: Alpha | None = None
    """The picture that came back last."""

    def alphas(self) -> Generator[Alpha, None, None]:
        """Yield every frame's alpha, float32 (H, W), in ascending order."""
        account, store = self.account, self.account.store
        store.sweep(account.kept_s)
        with store.packing() as folder, closing(account.wire(self.context)) as wire:
            courier = Courier(
                account.service, wire, account.ledger, account.values, store, folder, self.context
            )
            selection = Selection(self.options)
            packed = self._pictures if account.service.sends == "pictures" else self._clip
            with closing(packed(courier, selection, folder)) as received:
                yield from self._filled(received, selection)
            self._tell(courier.bill)

    @property
    def _named(self) -> str:
        """What besides the frames makes one job another: the service, the model and what is asked of it."""
        return f"{self.account.service.name} {self.account.model} {self.account.service.body}"

    @property
    def _size_wh(self) -> tuple[int, int]:
        service = self.account.service
        is_even = service.sends == "video"
        long_side = service.limits.long_side
        return sent_size_wh(self.frames.size_wh, self.options.long_side, long_side, is_even=is_even)

    def _clip(
        self, courier: Courier, selection: Selection, folder: Path
    ) -> Generator[Alpha, None, None]:
        """Yield the alpha of each frame that is sent, which all go as one clip."""
        service, size_wh = self.account.service, self._size_wh
        is_lossless = service.sends == "lossless"
        path = folder / ("clip.mkv" if is_lossless else "clip.mp4")
        digest = hashlib.sha256(f"{self._named} {self.context.fps}".encode())
        chosen = chosen_frames(self.frames, selection, size_wh, digest, self._packed)
        self.exchange.write_clip(path, chosen, size_wh, self.context.fps, lossless=is_lossless)
        masks = self._masks(selection, size_wh, folder, digest)
        limit = service.limits.upload_bytes
        if limit and path.stat().st_size > limit:
            raise courier.wire.failed("too_large")
        usd = self.account.cost_usd(selection.sent, self.context.fps)
        parcel = Parcel(
            path=path,
            fingerprint=digest.hexdigest(),
            usd=usd,
            values=self._values(selection),
            masks=masks,
            verify=lambda result: self._verify(result, folder),
        )
        result = courier.deliver(parcel)
        if result is None:
            raise courier.wire.failed("not_understood")
        if self._returned is None:
            self._verify(result, folder)
        returned = self._returned
        if returned is None:
            raise RuntimeError("a result that was verified is open")
        sent = Sent(selection.sent, self.context.fps, size_wh)
        indices, notice = fitted_indices(service.title, sent, returned)
        if notice is not None:
            self.context.on_notice(notice)
        yield from clip_alphas(
            service.title, service.returns, returned, indices, self.frames.size_wh
        )

    def _packed(self, looked_at: int) -> None:
        self.context.report("send", looked_at, len(self.frames))

    def _masks(
        self, selection: Selection, size_wh: tuple[int, int], folder: Path, digest: hashlib._Hash
    ) -> Path | None:
        """Write the target's masks of the frames that are sent, for a service that takes them."""
        if not self.account.service.mask_field or not self.guide:
            return None
        path = folder / "masks.mkv"
        sent = [index for index, fate in enumerate(selection.fates) if fate is Fate.SENT]

        def pictures() -> Iterator[np.ndarray]:
            for index in sent:
                self.context.check_cancelled()
                grey = self.guide[index].astype(np.uint8) * np.uint8(255)
                picture = resized(np.repeat(grey[..., None], 3, axis=2), size_wh)
                digest.update(np.packbits(picture[..., 0] > 127).data)
                yield picture

        self.exchange.write_clip(path, pictures(), size_wh, self.context.fps, lossless=True)
        digest.update(str(self._values(selection)).encode())
        return path

    def _values(self, selection: Selection) -> dict[str, str]:
        """Return where the job starts and which masks are confirmed, counted in frames that are sent."""
        sent = [index for index, fate in enumerate(selection.fates) if fate is Fate.SENT]
        places = {index: place for place, index in enumerate(sent)}
        nearest = min(sent, key=lambda index: abs(index - self.start), default=0)
        confirmed = [places[index] for index in sorted(self.context.confirmed) if index in places]
        return {
            "start": str(places.get(nearest, 0)),
            "confirmed": ",".join(map(str, confirmed or [places.get(nearest, 0)])),
        }

    def _verify(self, result: Path, folder: Path) -> None:
        """Open a result; raise where it can't be read at all, so that it is fetched again."""
        try:
            unpacked = self._unpacked(result, folder)
            self._returned = self.exchange.open_clip(unpacked, self.context.cancel)
        except (BadUpload, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> ServiceFailed:
        reason = error.message if isinstance(error, BadUpload) else Message("remote.bad_zip")
        title = self.account.service.title
        return ServiceFailed("remote.damaged", detail=str(error), service=title, reason=reason)

    def _unpacked(self, result: Path, folder: Path) -> Path:
        """Return a result as a file of this run: the matte of a ZIP, or a link, since the result is renamed."""
        if self.account.service.returns != "zip_matte":
            linked = folder / f"received{result.suffix}"
            linked.unlink(missing_ok=True)
            os.link(result, linked)
            return linked
        unpacked = folder / _MATTE_IN_ZIP
        most = self.account.most_bytes
        with zipfile.ZipFile(result) as archive, unpacked.open("wb") as target:
            if _MATTE_IN_ZIP not in archive.namelist():
                raise zipfile.BadZipFile(f"no {_MATTE_IN_ZIP}")
            if archive.getinfo(_MATTE_IN_ZIP).flag_bits & _ENCRYPTED:
                raise zipfile.BadZipFile("encrypted")
            with archive.open(_MATTE_IN_ZIP) as source:
                while chunk := source.read(_COPY_BYTES):
                    if target.tell() + len(chunk) > most:
                        raise ServiceFailed(
                            "remote.result_too_large",
                            service=self.account.service.title,
                            limit_mb=most // _MEGABYTE,
                        )
                    target.write(chunk)
        return unpacked

    def _pictures(
        self, courier: Courier, selection: Selection, folder: Path
    ) -> Generator[Alpha, None, None]:
        """Yield the alpha of each frame that is sent, each as a picture and a job of its own."""
        service = self.account.service
        path = folder / "picture.png"
        usd = self.account.cost_usd(1, self.context.fps)
        planned = -(-len(self.frames) // self.options.every)
        digest = hashlib.sha256()
        looking = chosen_frames(
            self.frames,
            selection,
            self._size_wh,
            digest,
            lambda looked_at: self.context.check_cancelled(),
        )
        for frame in looking:
            write_image(path, frame)
            limit = service.limits.upload_bytes
            if limit and path.stat().st_size > limit:
                raise courier.wire.failed("too_large")
            whose = hashlib.sha256(self._named.encode())
            whose.update(np.ascontiguousarray(frame).data)
            planned -= 1
            parcel = Parcel(
                path,
                whose.hexdigest(),
                usd,
                further_usd=usd * max(planned, 0),
                verify=self._verify_picture,
            )
            self._picture = None
            result = courier.deliver(parcel)
            if result is None:
                yield np.zeros(self.frames.size_wh[::-1], np.float32)
                continue
            matte = self._matte(result) if self._picture is None else self._picture
            yield at_size(matte, self.frames.size_wh)

    def _verify_picture(self, path: Path) -> None:
        try:
            self._picture = self._matte(path)
        except BadUpload as error:
            raise self._damaged(error) from error

    def _matte(self, path: Path) -> Alpha:
        """Return the alpha of a picture that came back."""
        pixels = self.exchange.read_picture(path, self.context.cancel)
        if self.account.service.returns == "transparency":
            return pixels[..., 3].astype(np.float32) / np.float32(255)
        return brightness(pixels[..., :3])

    def _tell(self, bill: Bill) -> None:
        """Note for the session who got the clip, and what it cost, or that nothing was sent."""
        service = self.account.service
        values: dict[str, str | int | float | Message] = {
            "service": service.title,
            "usd": f"{bill.usd:.2f}",
        }
        self.context.on_notice(Message("remote.sent" if bill.sent else "remote.kept", values))
        self.context.details |= {"service": service.name, "cost_usd": f"{bill.usd:.4f}"}

    def _filled(
        self, received: Generator[Alpha, None, None], selection: Selection
    ) -> Generator[Alpha, None, None]:
        """Yield the alpha of every frame: as received, as that of the frame before, or carried along the motion."""
        if self.options.every == 1 and not self.options.skip_unchanged:
            yield from received
            return
        carrier = FlowCarrier(self.frames.size_wh)
        waiting: deque[Alpha] = deque()
        alpha = np.zeros((1, 1), np.float32)
        with ended(self.frames.read(0, len(self.frames))) as reader:
            for index, frame in enumerate(reader):
                # A clip is chosen whole before it is sent, pictures one by one, up to the next that is sent.
                while len(selection.fates) <= index:
                    waiting.extend(itertools.islice(received, 1))
                fate = selection.fates[index]
                if fate is Fate.SENT:
                    alpha = carrier.next(frame, waiting.popleft() if waiting else next(received))
                elif fate is Fate.BETWEEN:
                    alpha = carrier.next(frame, None)
                yield alpha
