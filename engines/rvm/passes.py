"""The order in which a clip is matted, and one stream of frames through the network.

From the start frame the clip is matted backwards, then forwards, each with states of its own. States are set
to zero at the start of a stream and at cuts: with old ones the first frames are wrong, and may stay wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from engines.base import FrameSource, MattedFrame, RunContext
from engines.onnx.guide import TargetGuide
from engines.onnx.runtime.interface import NetworkStream
from engines.onnx.target import (
    TargetAgreement,
    TargetRestriction,
    blank_outside,
    compare_with_target,
    reduced_picture,
)
from engines.rvm.brightness import AUTOMATIC_GAMMA, VERY_DARK, brightened
from engines.rvm.shot_start import (
    WARM_UP_STEPS,
    Step,
    alpha_of,
    lead_in_frames,
    matte_shots,
)
from utils.exposure import ShotGain
from utils.prefetch import ahead
from utils.scene_cut import CutDetector
from utils.types import Alpha, Frame, Mask

_GAIN_DETAIL = "network_gain"


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs one job.

    Args:
        frames: the clip.
        guide: its masks.
        start: the frame that matting goes away from.
        confirmed: frames whose masks a user confirmed; there the network is compared with the mask again.
        bounds: where the user's marks let the target be on some of them, bool (H, W).
        fill: "auto", "on" or "off", see `RvmOptions.fill`.
        gamma: of what the network sees, see `brightened`, or `AUTOMATIC_GAMMA`: dark shots are exposed, see `ShotGain`.
            Colours and edges are those of the picture as it is.
        open_stream: starts a stream with empty states.
        open_target: the same for a marked target's clip; it may see each frame twice, see `TwoViews`.
        context: progress and cancel.
    """

    frames: FrameSource
    guide: TargetGuide
    start: int
    confirmed: frozenset[int]
    bounds: Mapping[int, Mask]
    fill: str
    gamma: float
    open_stream: Callable[[], NetworkStream]
    open_target: Callable[[], NetworkStream]
    context: RunContext

    def run(self, done: int) -> Iterator[MattedFrame]:
        """Yield all alphas but the first `done`: start-1 … 0, then start … the last."""
        count = len(self.frames)
        backwards = self.start
        if done < backwards:
            # The start frame leads the way and is given by the forward run.
            yield from self._one_way(self.start - done, -1, done)
        skipped = max(0, done - backwards)
        if self.start + skipped < count:
            yield from self._one_way(self.start + skipped, 1, max(done, backwards))

    def _one_way(self, first: int, step: Literal[1, -1], done: int) -> Iterator[MattedFrame]:
        is_lead = step < 0
        restriction: TargetRestriction | None = None
        # Decoding, the network and what follows have a thread each.
        with closing(ahead(lambda: self._matte(first, step), depth=1)) as pairs:  # type: ignore[type-var]
            for item, alpha in pairs:
                self.context.check_cancelled()
                self._note_gain(item.gain)
                result = alpha
                if item.mask is not None:
                    restriction = self._restriction(item, restriction)
                    result = restriction(alpha, item.mask, item.picture)
                if is_lead:
                    # What it tells of the target and others counts all the same.
                    is_lead = False
                    continue
                done += 1
                self.context.report("matte", done, len(self.frames))
                yield MattedFrame(item.index, result)
                # Frame and alphas would be held until the network has the next.
                del item, alpha, result

    def _note_gain(self, gain: float) -> None:
        """Keep the largest gain of the job in its details; a job without dark shots has none."""
        if gain > float(self.context.details.get(_GAIN_DETAIL, "1")):
            self.context.details[_GAIN_DETAIL] = f"{gain:.3g}"

    def _restriction(self, item: Step, current: TargetRestriction | None) -> TargetRestriction:
        if current is None or item.starts:
            current = TargetRestriction(self.frames.size_wh, fills=False, remembers=True)
        restriction = current
        if item.agreement is not None:
            restriction.decide(item.agreement)
        if self.fill != "auto":
            restriction.fills = self.fill == "on"
        return restriction

    def _matte(self, first: int, step: Literal[1, -1]) -> Iterator[tuple[Step, Alpha]]:
        stream = self.open_stream() if self.guide.is_empty else self.open_target()
        comparison = None if self.guide.is_empty else self.open_stream()
        lead_in = lead_in_frames(self.frames.size_wh, marked=not self.guide.is_empty)
        source = ahead(lambda: self._prepared(first, step, comparison), depth=2)
        with closing(source) as items:  # type: ignore[type-var]
            yield from matte_shots(items, stream, lead_in, self.context.check_cancelled)

    def _prepared(
        self, first: int, step: Literal[1, -1], comparison: NetworkStream | None
    ) -> Iterator[Step]:
        """Yield the frames' steps; `comparison` is a stream of its own for comparisons of single frames."""
        stop = len(self.frames) if step > 0 else -1
        cuts = CutDetector()
        shot_gain = ShotGain(VERY_DARK)
        blanks = False
        with closing(self.frames.read(first, stop, step)) as reader:  # type: ignore[type-var]
            for offset, frame in enumerate(reader):
                self.context.check_cancelled()
                index = first + offset * step
                starts = cuts.is_cut(frame) or offset == 0
                mask = self.guide.mask(index)
                seen = brightened(frame, self.gamma)
                gain = shot_gain.of(frame, starts) if self.gamma == AUTOMATIC_GAMMA else 1.0
                lasting = shot_gain.lasting
                agreement = None
                # Not exposed: there the network tells others from the target at first, and merges them later.
                if mask is not None and comparison is not None:
                    if starts or index in self.confirmed:
                        agreement = compare_once(comparison, seen, mask, self.bounds.get(index))
                    if starts and agreement is not None:
                        blanks = agreement.sees_others
                if mask is None:
                    yield Step(index, seen, starts, gain=gain, lasting=lasting)
                    continue
                if blanks:
                    seen = blank_outside(seen, mask)
                picture = reduced_picture(frame)
                yield Step(index, seen, starts, mask, picture, agreement, gain, lasting)


def compare_once(
    stream: NetworkStream, frame: Frame, mask: Mask, bounds: Mask | None = None
) -> TargetAgreement:
    """Return what the network says of one frame by itself, uint8 RGB (H, W, 3), and the mask on it.

    `mask` and `bounds` are those of `compare_with_target`.
    """
    stream.reset()
    for _ in range(WARM_UP_STEPS):
        stream.step(frame)
    return compare_with_target(alpha_of(stream.step(frame)), mask, bounds)
