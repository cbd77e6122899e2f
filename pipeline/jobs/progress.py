"""Progress of one job over all its passes: never backwards, at most five updates a second, honest ETA."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from utils.types import FINISH, PREPARE, SHRINK, Progress

WINDOW = 40
"""Recent samples the rate is taken from."""
MIN_INTERVAL_S = 0.2
"""Least time between two updates that are kept."""
WARM_UP_SAMPLES = 3
"""Samples before a rate is used."""
_RENDER = "render"
"""The stage of kept alpha: the frames that no engine makes again."""
_TOGETHER = "encode"
"""The stage of all targets together, after those of each."""
OF_FILES = SHRINK, FINISH
"""The stages of files whose pictures are all there; separate targets' come before `_TOGETHER`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a job stands. `fraction` in [0, 1] over all stages; None where not known yet.

    `fps` is units a second of the current stage over the recent window. `stage_remaining_s` is for that stage alone,
    which is known before later ones have ever been timed. `is_preparing` is true from the start until the first report:
    there is nothing to count yet.
    """

    stage: str
    done: int
    total: int
    fraction: float
    fps: float | None
    elapsed_s: float
    remaining_s: float | None
    stage_remaining_s: float | None
    is_preparing: bool = False


def of_several(progress: Progress, done: int, count: int) -> Progress:
    """Return the progress over several equal runs of a stage, of which `done` are done."""
    total = progress.total
    return Progress(progress.stage, progress.done + done * total, count * total)


class ProgressMeter:
    """Takes `Progress` reports from a job's thread and answers from any thread.

    Args:
        stages: expected units of each stage, in order; a report's own total replaces the guess.
        seconds_per_unit: what earlier jobs took for a unit of each stage, where known.
    """

    def __init__(
        self,
        stages: Mapping[str, int],
        seconds_per_unit: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._expected = tuple(stages)
        self._totals = dict(stages)
        self._known_rates = dict(seconds_per_unit or {})
        self._rates: dict[str, float] = {}
        self._samples: deque[tuple[float, int]] = deque(maxlen=WINDOW)
        self._stage = next(iter(stages), "")
        self._done = 0
        self._finished: set[str] = set()
        self._done_before: dict[str, int] = {}
        self._fraction = 0.0
        self._is_preparing = False
        self._started_s = clock()
        self._last_s = float("-inf")
        self._ended_s: float | None = None
        self._is_complete = False

    def start(self) -> None:
        """Count elapsed time from now; until then the job was waiting."""
        with self._lock:
            self._started_s = self._clock()
            self._is_preparing = True

    def report(self, progress: Progress) -> None:
        """Take a report; one that goes back within its stage is ignored, and `PREPARE` counts nothing."""
        now_s = self._clock()
        with self._lock:
            self._is_preparing = progress.stage == PREPARE
            if self._is_preparing:
                return
            if progress.stage != self._stage:
                self._change_stage(progress.stage)
            self._totals[progress.stage] = max(progress.total, 1)
            if progress.done < self._done:
                return
            is_last = progress.done >= progress.total
            if not is_last and now_s - self._last_s < MIN_INTERVAL_S and self._samples:
                return
            self._last_s = now_s
            self._done = min(progress.done, progress.total)
            self._samples.append((now_s, self._done))
            rate = self._rate()
            if rate is not None:
                self._rates[self._stage] = 1.0 / rate

    def end(self, is_complete: bool) -> None:
        """Stand still from now: time no longer passes, and all work is done where the job is.

        A worker's last reports may not have arrived.
        """
        with self._lock:
            self._ended_s = self._clock()
            self._is_complete = is_complete

    @property
    def has_begun(self) -> bool:
        """Whether anything was reported: before that a job loads its model, or waits."""
        with self._lock:
            return bool(self._samples or self._finished)

    def snapshot(self) -> Snapshot:
        """Return where the job stands now."""
        with self._lock:
            if self._ended_s is not None:
                return self._last_snapshot(self._ended_s)
            now_s = self._clock()
            rate = self._rate()
            self._fraction = max(self._fraction, self._overall_fraction())
            here_s = self._stage_remaining_s(rate, now_s)
            return Snapshot(
                stage=self._stage,
                done=self._done,
                total=self._totals.get(self._stage, 0),
                fraction=self._fraction,
                fps=rate,
                elapsed_s=now_s - self._started_s,
                remaining_s=None if here_s is None else self._with_later_stages(here_s),
                stage_remaining_s=here_s,
                is_preparing=self._is_preparing,
            )

    def _last_snapshot(self, ended_s: float) -> Snapshot:
        is_complete = self._is_complete
        expected = [stage for stage in self._expected if stage in self._totals]
        stage = expected[-1] if is_complete and expected else self._stage
        total = self._totals.get(stage, 0)
        left_s = 0.0 if is_complete else None
        return Snapshot(
            stage=stage,
            done=total if is_complete else self._done,
            total=total,
            fraction=1.0 if is_complete else max(self._fraction, self._overall_fraction()),
            fps=self._rate(),
            elapsed_s=ended_s - self._started_s,
            remaining_s=left_s,
            stage_remaining_s=left_s,
        )

    def rates(self) -> dict[str, float]:
        """Return the seconds a unit of each stage took in this job."""
        with self._lock:
            return dict(self._rates)

    def remaining_units(self) -> int:
        """Return the units that all stages still have to do, as far as they are known."""
        with self._lock:
            return sum(self._left(stage) for stage in self._totals)

    def seconds_per_unit(self) -> float | None:
        """Return the mean seconds a unit has taken so far; None before any was done."""
        now_s = self._clock()
        with self._lock:
            done = sum(units - self._left(stage) for stage, units in self._totals.items())
            return (now_s - self._started_s) / done if done else None

    def _change_stage(self, stage: str) -> None:
        """Go on to another stage, or back to one that several targets share."""
        # Without samples it was a wait, for a worker or a service, before the first expected stage.
        if self._samples:
            self._finished.add(self._stage)
        if self._done:
            self._done_before[self._stage] = self._done
        if stage in self._expected:
            self._finished.update(self._expected[: self._expected.index(stage)])
        elif stage == _RENDER:
            self._go_past_engines()
        self._finished.discard(stage)
        self._stage = stage
        self._done = self._done_before.get(stage, 0)
        self._samples.clear()
        self._last_s = float("-inf")

    def _go_past_engines(self) -> None:
        """Count what engines were expected to do as done, or where they did nothing leave it out."""
        engines = [stage for stage in self._expected if stage not in (_TOGETHER, *OF_FILES)]
        if self._done_before:
            self._finished.update(engines)
            for stage in engines:
                self._done_before.pop(stage, None)  # one that ends early has nothing left either
            return
        for stage in engines:
            self._totals.pop(stage, None)

    def _left(self, stage: str) -> int:
        """Return the units that a stage has left; one that ended without a report has none."""
        total = self._totals.get(stage, 0)
        if stage == self._stage:
            return max(total - self._done, 0)
        if stage in self._finished:
            return max(total - self._done_before.get(stage, total), 0)
        return total

    def _rate(self) -> float | None:
        if len(self._samples) < WARM_UP_SAMPLES:
            return None
        (first_s, first_done), (last_s, last_done) = self._samples[0], self._samples[-1]
        if last_done <= first_done or last_s <= first_s:
            return None
        return (last_done - first_done) / (last_s - first_s)

    def _unit_cost(self, stage: str) -> float | None:
        return self._rates.get(stage, self._known_rates.get(stage))

    def _overall_fraction(self) -> float:
        costs = {stage: self._unit_cost(stage) or 1.0 for stage in self._totals}
        total = sum(costs[stage] * units for stage, units in self._totals.items())
        if total <= 0:
            return 0.0
        spent = total - sum(costs[stage] * self._left(stage) for stage in self._totals)
        return min(spent / total, 1.0)

    def _stage_remaining_s(self, rate: float | None, now_s: float) -> float | None:
        unit_s = 1.0 / rate if rate else self._known_rates.get(self._stage)
        if unit_s is None:
            return None
        since_last_s = now_s - self._samples[-1][0] if self._samples else 0.0
        here_s = unit_s * (self._totals.get(self._stage, 0) - self._done)
        return max(here_s - min(since_last_s, unit_s), 0.0)

    def _with_later_stages(self, here_s: float) -> float | None:
        """Return the seconds of this stage and of all others; None where one of them was never timed."""
        total_s = here_s
        for stage in self._totals:
            left = 0 if stage == self._stage else self._left(stage)
            cost = self._unit_cost(stage)
            if left and cost is None:
                return None
            total_s += (cost or 0.0) * left
        return total_s
