from pipeline.jobs.progress import ProgressMeter
from utils.types import Progress


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def run(
    meter: ProgressMeter, clock: Clock, stage: str, total: int, seconds: float, upto: int
) -> None:
    for done in range(1, upto + 1):
        clock.now_s += seconds
        meter.report(Progress(stage, done, total))


def test_rate_and_remaining_time_come_from_the_recent_steps() -> None:
    clock = Clock()
    meter = ProgressMeter({"matte": 100}, clock=clock)
    run(meter, clock, "matte", 100, 0.5, 40)
    snapshot = meter.snapshot()
    assert snapshot.fps is not None
    assert abs(snapshot.fps - 2.0) < 0.01
    assert snapshot.remaining_s is not None
    assert abs(snapshot.remaining_s - 30.0) < 0.6
    assert abs(snapshot.fraction - 0.4) < 1e-9


def test_a_slow_first_step_does_not_spoil_the_estimate() -> None:
    clock = Clock()
    meter = ProgressMeter({"matte": 200}, clock=clock)
    clock.now_s += 60.0
    run(meter, clock, "matte", 200, 0.25, 100)
    remaining_s = meter.snapshot().remaining_s
    assert remaining_s is not None
    assert abs(remaining_s - 25.0) < 1.0


def test_nothing_is_estimated_before_a_rate_is_known() -> None:
    clock = Clock()
    meter = ProgressMeter({"track": 10, "matte": 10}, clock=clock)
    clock.now_s += 1.0
    meter.report(Progress("track", 1, 10))
    assert meter.snapshot().remaining_s is None


def test_a_later_stage_without_a_known_rate_leaves_the_rest_unknown() -> None:
    clock = Clock()
    meter = ProgressMeter({"track": 10, "matte": 10}, clock=clock)
    run(meter, clock, "track", 10, 1.0, 6)
    assert meter.snapshot().remaining_s is None


def test_the_running_stage_has_a_remaining_time_before_later_ones_were_timed() -> None:
    """A first job tracked for minutes without saying how long it would go on."""
    clock = Clock()
    meter = ProgressMeter({"track": 10, "matte": 10}, clock=clock)
    run(meter, clock, "track", 10, 2.0, 6)
    snapshot = meter.snapshot()
    assert snapshot.remaining_s is None
    assert snapshot.stage_remaining_s is not None
    assert abs(snapshot.stage_remaining_s - 8.0) < 0.5


def test_rates_of_earlier_jobs_give_the_time_of_later_stages() -> None:
    clock = Clock()
    meter = ProgressMeter({"track": 10, "matte": 10}, {"track": 1.0, "matte": 3.0}, clock=clock)
    run(meter, clock, "track", 10, 1.0, 5)
    remaining_s = meter.snapshot().remaining_s
    assert remaining_s is not None
    assert abs(remaining_s - (5.0 + 30.0)) < 0.5


def test_progress_never_goes_back_even_when_totals_grow() -> None:
    clock = Clock()
    meter = ProgressMeter({"matte": 10}, clock=clock)
    run(meter, clock, "matte", 10, 1.0, 5)
    before = meter.snapshot().fraction
    meter.report(Progress("matte", 3, 10))
    assert meter.snapshot().done == 5
    clock.now_s += 1.0
    meter.report(Progress("matte", 6, 60))
    assert meter.snapshot().fraction >= before


def test_reports_are_thinned_but_the_last_one_always_counts() -> None:
    clock = Clock()
    meter = ProgressMeter({"matte": 100}, clock=clock)
    for done in range(1, 100):
        clock.now_s += 0.001
        meter.report(Progress("matte", done, 100))
    assert meter.snapshot().done < 99
    meter.report(Progress("matte", 100, 100))
    assert meter.snapshot().done == 100


def test_a_wait_before_the_first_stage_leaves_that_stage_to_come() -> None:
    """A job at a worker stood at 91 % and more from its first frame."""
    clock = Clock()
    meter = ProgressMeter({"track": 10, "matte": 10}, clock=clock)
    meter.report(Progress("worker", 0, 1))
    assert meter.snapshot().fraction == 0
    run(meter, clock, "track", 10, 1.0, 5)
    assert abs(meter.snapshot().fraction - 6 / 21) < 1e-9
    skipped = ProgressMeter({"track": 10, "matte": 10}, clock=clock)
    skipped.report(Progress("worker", 0, 1))
    run(skipped, clock, "matte", 10, 1.0, 5)
    assert abs(skipped.snapshot().fraction - 16 / 21) < 1e-9, "nothing had to be tracked"


def test_a_job_that_has_ended_stands_still_and_a_done_one_at_its_end() -> None:
    """Its seconds went on, and a worker's job stayed where its last report had been: at 0 % and done."""
    clock = Clock()
    meter = ProgressMeter({"track": 10, "matte": 10}, clock=clock)
    clock.now_s += 5.0
    meter.report(Progress("worker", 0, 1))
    meter.end(is_complete=True)
    clock.now_s += 60.0
    last = meter.snapshot()
    assert (last.fraction, last.done, last.total, last.stage) == (1.0, 10, 10, "matte")
    assert (last.elapsed_s, last.remaining_s, last.stage_remaining_s) == (5.0, 0.0, 0.0)


def test_a_job_that_was_cancelled_stays_where_it_was() -> None:
    clock = Clock()
    meter = ProgressMeter({"matte": 10}, clock=clock)
    run(meter, clock, "matte", 10, 1.0, 4)
    meter.end(is_complete=False)
    clock.now_s += 60.0
    last = meter.snapshot()
    assert (last.done, last.elapsed_s, last.remaining_s) == (4, 4.0, None)
    assert abs(last.fraction - 0.4) < 1e-9


def test_a_job_that_mattes_nothing_again_goes_by_what_it_renders() -> None:
    """With every frame rendered it stood at 12 %: what engines were expected to do was still to come."""
    clock = Clock()
    meter = ProgressMeter({"track": 10, "matte": 10}, {"track": 1.0, "matte": 2.0}, clock=clock)
    run(meter, clock, "render", 10, 1.0, 5)
    half = meter.snapshot()
    assert abs(half.fraction - 0.5) < 1e-9
    assert half.remaining_s is not None and abs(half.remaining_s - 5.0) < 0.5
    run(meter, clock, "render", 10, 1.0, 10)
    assert meter.snapshot().fraction == 1.0
    meter.end(is_complete=True)
    last = meter.snapshot()
    assert (last.stage, last.done, last.total) == ("render", 10, 10)


def test_frames_that_are_kept_follow_those_that_are_matted_again() -> None:
    """A correction of two frames ended at a fraction of what the whole clip would have been."""
    clock = Clock()
    meter = ProgressMeter({"track": 20, "matte": 20, "encode": 20}, clock=clock)
    run(meter, clock, "track", 2, 1.0, 2)
    run(meter, clock, "matte", 2, 1.0, 1)
    run(meter, clock, "render", 20, 1.0, 20)
    assert abs(meter.snapshot().fraction - 24 / 44) < 1e-9, (
        "the targets are still to be put together"
    )
    run(meter, clock, "encode", 20, 1.0, 20)
    assert meter.snapshot().fraction > 0.99


def test_what_comes_before_the_first_frame_is_told_from_no_progress() -> None:
    """The bar stood at 0 for up to a minute while networks were loaded and asked, as if the job hung."""
    clock = Clock()
    meter = ProgressMeter({"matte": 10}, clock=clock)
    assert not meter.snapshot().is_preparing, "it waits"
    meter.start()
    assert meter.snapshot().is_preparing
    meter.report(Progress("worker", 0, 1))
    assert not meter.snapshot().is_preparing, "it waits for a worker"
    meter.report(Progress("prepare", 0, 1))
    assert meter.snapshot().is_preparing
    run(meter, clock, "matte", 10, 1.0, 5)
    snapshot = meter.snapshot()
    assert not snapshot.is_preparing
    assert abs(snapshot.fraction - 6 / 11) < 1e-9, "nothing of it is counted"


def test_a_job_that_ends_while_it_prepares_prepares_no_longer() -> None:
    meter = ProgressMeter({"matte": 10}, clock=Clock())
    meter.start()
    meter.end(is_complete=False)
    assert not meter.snapshot().is_preparing
