"""One job: pack what is sent, have it taken to the service and back, fill the frames that were not sent."""

from __future__ import annotations

import hashlib
import itertools
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.base import ClipExchange, FrameSource, ReturnedClip, RunContext
from engines.onnx.filling_loss import FillingLoss
from engines.onnx.flow_smoothing import FlowSmoother, Sample
from engines.onnx.frame_choice import AlphaSource, FrameChoice
from engines.remote.account import Account
from engines.remote.fit import Sent, at_size, clip_alphas, fitted_indices
from engines.remote.options import RemoteOptions
from engines.remote.received import Received
from engines.remote.sending import chosen_frames, resized, sent_size_wh
from engines.remote.submitter import Bill, Submission, Submitter
from utils.image_utils import write_image
from utils.prefetch import ended
from utils.types import Alpha, Mask, Message


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

    def alphas(self) -> Generator[Alpha, None, None]:
        """Yield every frame's alpha, float32 (H, W), in ascending order."""
        account, store = self.account, self.account.store
        store.sweep(account.kept_s)
        with store.packing() as folder, closing(account.wire(self.context)) as wire:
            submitter = Submitter(
                account.service, wire, account.ledger, account.values, store, folder, self.context
            )
            choice = FrameChoice(self.options.every, self.options.skip_unchanged)
            opened = Received(
                account.service, self.exchange, folder, account.most_bytes, self.context.cancel
            )
            packed = self._pictures if account.service.sends == "pictures" else self._clip
            with closing(packed(submitter, choice, opened)) as received:
                yield from self._filled(received, choice)
            self._tell(submitter.bill)

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
        self, submitter: Submitter, choice: FrameChoice, opened: Received
    ) -> Generator[Alpha, None, None]:
        """Yield the alpha of each frame that is sent, which all go as one clip."""
        service, size_wh, fps = self.account.service, self._size_wh, self.context.fps
        is_lossless = service.sends == "lossless"
        path = opened.folder / ("clip.mkv" if is_lossless else "clip.mp4")
        digest = hashlib.sha256(f"{self._named} {fps}".encode())
        chosen = chosen_frames(self.frames, choice, size_wh, digest, self._packed)
        self.exchange.write_clip(path, chosen, size_wh, fps, lossless=is_lossless)
        masks = self._masks(choice, size_wh, opened.folder, digest)
        self._check_size(path, submitter)
        clips: list[ReturnedClip] = []
        submission = Submission(
            path=path,
            fingerprint=digest.hexdigest(),
            usd=self.account.cost_usd(choice.matted, fps),
            values=self._values(choice),
            masks=masks,
            verify=lambda result: clips.append(opened.clip(result)),
        )
        result = submitter.deliver(submission)
        if result is None:
            raise submitter.wire.replies.failed("not_understood")
        # What was kept from an earlier run was not opened on its way.
        returned = clips[-1] if clips else opened.clip(result)
        sent = Sent(choice.matted, fps, size_wh)
        indices, notice = fitted_indices(service.title, sent, returned)
        if notice is not None:
            self.context.on_notice(notice)
        yield from clip_alphas(
            service.title, service.returns, returned, indices, self.frames.size_wh
        )

    def _check_size(self, path: Path, submitter: Submitter) -> None:
        limit = self.account.service.limits.upload_bytes
        if limit and path.stat().st_size > limit:
            raise submitter.wire.replies.failed("too_large")

    def _packed(self, looked_at: int) -> None:
        self.context.report("send", looked_at, len(self.frames))

    def _masks(
        self, choice: FrameChoice, size_wh: tuple[int, int], folder: Path, digest: hashlib._Hash
    ) -> Path | None:
        """Write the target's masks of the frames that are sent, for a service that takes them."""
        if not self.account.service.mask_field or not self.guide:
            return None
        path = folder / "masks.mkv"
        sent = [
            index
            for index, alpha_source in enumerate(choice.sources)
            if alpha_source is AlphaSource.MATTED
        ]

        def pictures() -> Iterator[np.ndarray]:
            for index in sent:
                self.context.check_cancelled()
                grey = self.guide[index].astype(np.uint8) * np.uint8(255)
                picture = resized(np.repeat(grey[..., None], 3, axis=2), size_wh)
                digest.update(np.packbits(picture[..., 0] > 127).data)
                yield picture

        self.exchange.write_clip(path, pictures(), size_wh, self.context.fps, lossless=True)
        digest.update(str(self._values(choice)).encode())
        return path

    def _values(self, choice: FrameChoice) -> dict[str, str]:
        """Return where the job starts and which masks are confirmed, counted in frames that are sent."""
        sent = [
            index
            for index, alpha_source in enumerate(choice.sources)
            if alpha_source is AlphaSource.MATTED
        ]
        places = {index: place for place, index in enumerate(sent)}
        nearest = min(sent, key=lambda index: abs(index - self.start), default=0)
        confirmed = [places[index] for index in sorted(self.context.confirmed) if index in places]
        return {
            "start": str(places.get(nearest, 0)),
            "confirmed": ",".join(map(str, confirmed or [places.get(nearest, 0)])),
        }

    def _pictures(
        self, submitter: Submitter, choice: FrameChoice, opened: Received
    ) -> Generator[Alpha, None, None]:
        """Yield the alpha of each frame that is sent, each as a picture and a job of its own."""
        path = opened.folder / "picture.png"
        usd = self.account.cost_usd(1, self.context.fps)
        planned = -(-len(self.frames) // self.options.every)
        looking = chosen_frames(
            self.frames,
            choice,
            self._size_wh,
            hashlib.sha256(),
            lambda looked_at: self.context.check_cancelled(),
        )
        for frame in looking:
            write_image(path, frame)
            self._check_size(path, submitter)
            digest = hashlib.sha256(self._named.encode())
            digest.update(np.ascontiguousarray(frame).data)
            planned -= 1
            alphas: list[Alpha] = []
            submission = Submission(
                path,
                digest.hexdigest(),
                usd,
                further_usd=usd * max(planned, 0),
                verify=lambda result, alphas=alphas: alphas.append(opened.picture(result)),  # type: ignore[misc]
            )
            result = submitter.deliver(submission)
            if result is None:
                yield np.zeros(self.frames.size_wh[::-1], np.float32)
                continue
            matte = alphas[-1] if alphas else opened.picture(result)
            yield at_size(matte, self.frames.size_wh)

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
        self, received: Generator[Alpha, None, None], choice: FrameChoice
    ) -> Iterator[Alpha]:
        """Yield the alpha of every frame: as received, as that of the frame before, or carried along the motion."""
        if self.options.every == 1 and not self.options.skip_unchanged:
            yield from received
            return
        every, loss = self.options.every, FillingLoss()
        smoother = FlowSmoother(self.frames.size_wh, every, smooths=False, loss=loss)
        with closing(self._samples(received, choice)) as samples:
            yield from smoother.run(samples)
        if (notice := loss.message(every)) is not None:
            self.context.on_notice(notice)

    def _samples(
        self, received: Generator[Alpha, None, None], choice: FrameChoice
    ) -> Generator[Sample | None, None, None]:
        """Yield each frame with what was received for it, None where it shows what the one before shows."""
        waiting: deque[Alpha] = deque()
        with ended(self.frames.read(0, len(self.frames))) as reader:
            for index, frame in enumerate(reader):
                # A clip is chosen whole before it is sent, pictures one by one, up to the next that is sent.
                while len(choice.sources) <= index:
                    waiting.extend(itertools.islice(received, 1))
                alpha_source = choice.sources[index]
                if alpha_source is AlphaSource.SAME:
                    yield None
                    continue
                alpha = None
                if alpha_source is AlphaSource.MATTED:
                    alpha = waiting.popleft() if waiting else next(received)
                yield Sample(frame, alpha, index in choice.starts)
