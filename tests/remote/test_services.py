"""Every service of the table against the stand-in: the right picture or the right sentence, and one bill."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from engines.base import RunContext
from engines.registry import build_registry
from engines.remote.services import SERVICES
from engines.remote.wire import Timeouts
from pipeline.workers.running_job import RunningJob
from tests.remote.conftest import FRAMES, overlap
from tests.remote.stand_in import AUTH, KEY
from utils.errors import BadRequest, Cancelled, ServiceFailed
from utils.messages import render


def spent(settings) -> float:
    path = settings.workspace_dir / "remote_costs.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return sum(json.loads(line)["usd"] for line in lines)


@pytest.mark.parametrize(
    "name",
    [
        "replicate",
        "fal",
        "fal-birefnet",
        "bria",
        "unscreen",
        "remove-bg",
        "bria-image",
        "replicate-image",
    ],
)
def test_a_service_gives_the_right_picture_for_one_bill(
    service, settings, matte, name, tmp_path, caplog
):
    caplog.set_level(logging.DEBUG)
    told = []
    context = RunContext(on_notice=told.append)
    is_paid_by_picture = SERVICES[name].sends == "pictures"
    count = 3 if is_paid_by_picture else 12
    frames, masks = (list(each) for each in zip(*FRAMES[:count], strict=True))
    assert overlap(matte(name, frames=frames, context=context), masks) > 0.97
    jobs, cost = (count, float(count)) if is_paid_by_picture else (1, count / 25)
    assert service.bills == jobs
    assert spent(settings) == pytest.approx(cost)
    assert f"USD {cost:.2f}" in render(told[0])
    assert context.details["cost_usd"] == f"{cost:.4f}"
    header, value = AUTH[SERVICES[name].account or name]
    for method, path, headers in service.requests:
        assert headers.get(header) == value or "/put/" in path, (method, path)
        assert KEY not in path
    assert KEY not in caplog.text
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(KEY.encode() in file.read_bytes() for file in kept)
    # The same clip once more, whatever is marked, costs nothing.
    again = RunContext(on_notice=told.append)
    marked = matte(name, frames=frames, guide=dict(enumerate(masks)), context=again)
    assert "nothing was sent" in render(told[-1])
    assert again.details["cost_usd"] == "0.0000"
    assert overlap(marked, masks) > 0.97
    assert service.bills == jobs


def test_what_is_asked_of_each_service_is_what_its_documentation_says(service, matte):
    for name in ("replicate", "fal", "bria", "unscreen"):
        matte(name)
    matte("fal-birefnet")
    matte("replicate-image", frames=[FRAMES[0][0]])
    replicate, fal, bria, unscreen, birefnet, image = service.bodies
    assert replicate["input"]["output_type"] == "alpha-mask"
    assert len(replicate["version"]) == 64
    assert (fal["background_color"], fal["output_container_and_codec"]) == (
        "Transparent",
        "webm_vp9",
    )
    assert (bria["sync"], bria["preserve_audio"]) == (False, False)
    assert unscreen == {"format": "pro_bundle"}
    assert (birefnet["model"], birefnet["video_output_type"]) == ("Matting", "VP9 (.webm)")
    assert image["version"] == "bria/remove-background"
    assert any(path.endswith("/fal-ai/birefnet/v2/video") for _, path, _ in service.requests)
    posts = [headers for method, path, headers in service.requests if "background-removal" in path]
    assert [headers["x-fal-no-retry"] for headers in posts] == ["1"]


GOOD_ENDS = {
    "waits": ("fal", {}, 6),
    "busy with a date": ("replicate", {"submit": [(429, "0.05")], "poll": [(429, "0.02")]}, 1),
    "fails and recovers": ("fal", {"poll": [500, 503, "drop"], "fetch": [502]}, 1),
    "redirects 25 times": ("replicate", {"fetch": ["hops"]}, 1),
    "the result breaks off": ("bria", {"fetch": ["cut", "cut"]}, 1),
    "a truncated ZIP": ("unscreen", {"fetch": ["truncated"]}, 1),
    "an upload is put again": ("fal", {"upload": [(429, "0.01")]}, 1),
    "the submit's answer lies elsewhere": ("replicate", {"submit": ["moved"]}, 1),
}


@pytest.mark.parametrize("case", GOOD_ENDS)
def test_trouble_that_passes_ends_in_the_right_picture_for_one_bill(service, matte, case):
    name, faults, polls = GOOD_ENDS[case]
    service.faults = {step: list(each) for step, each in faults.items()}
    service.polls_before_done = polls
    assert overlap(matte(name)) > 0.97
    assert service.bills == 1


BAD_ENDS = {
    "no credit": ({"submit": [402]}, "no_credit", 0, 0.0),
    "wrong key": ({"submit": [403]}, "bad_key", 0, 0.0),
    "refused": ({"submit": [422]}, "refused", 0, 0.0),
    "busy for a day": ({"submit": [(429, "86400")]}, "busy", 0, 0.0),
    "busy for long": ({"submit": [(429, "0.01")] * 4}, "busy", 0, 0.0),
    "answer lost": ({"submit": ["drop"]}, "answer_lost", 1, 0.48),
    "failed at the submit": ({"submit": [500]}, "service_failed", 0, 0.48),
    "answer not understood": ({"submit": ["not json"]}, "not_understood", 1, 0.48),
    "job failed": ({"job": [1]}, "job_failed", 1, 0.48),
    "result expired": ({"fetch": [404]}, "gone", 1, 0.48),
    "to a private address": ({"fetch": ["private"]}, "private_address", 1, 0.48),
    "redirects for ever": ({"fetch": ["loop"]}, "redirects", 1, 0.48),
    "nested answer": ({"submit": ["nested"]}, "not_understood", 0, 0.48),
    "compressed answer": ({"poll": ["compressed"]}, "not_understood", 1, 0.48),
    "a web page": ({"fetch": ["html"]}, "wrong_type", 1, 0.48),
}


@pytest.mark.parametrize("case", BAD_ENDS)
def test_trouble_that_stays_ends_in_a_sentence_and_never_in_a_second_bill(
    service, settings, matte, case
):
    faults, code, bills, usd = BAD_ENDS[case]
    service.faults = {step: list(each) for step, each in faults.items()}
    with pytest.raises(ServiceFailed) as caught:
        matte("replicate")
    assert caught.value.code == f"remote.{code}"
    assert "Replicate" in caught.value.user_message
    assert KEY not in caught.value.user_message + caught.value.detail
    assert service.bills == bills
    assert spent(settings) == pytest.approx(usd)


def test_a_slow_or_large_result_is_given_up_and_fetched_again_without_a_second_bill(service, matte):
    service.faults = {"fetch": ["drip"]}
    with pytest.raises(ServiceFailed, match=r"within 0\.2 s"):
        matte("replicate", changed={"remote_fetch_s": 0.2})
    with pytest.raises(ServiceFailed, match="larger than"):
        matte("replicate", changed={"remote_result_bytes": 100})
    assert overlap(matte("replicate")) > 0.97
    assert service.bills == 1


def test_headers_that_drip_are_not_waited_for_and_the_job_is_polled_on(service, settings, matte):
    service.faults = {"poll": ["dripping headers"] * 99}
    account = build_registry(settings).get("replicate").account()
    wire = replace(account, timeouts=Timeouts(0.01, 0.3, 0.1, answer_s=0.1)).wire(RunContext())
    with closing(wire), pytest.raises(ServiceFailed, match="Replicate"):
        wire.get(f"{account.base}/predictions/none")


def test_a_service_cannot_lift_the_budget_by_what_it_says_it_charged(service, settings, matte):
    for charged, spent_usd in (("nan", 1.0), ("-5", 2.0), ("inf", 3.0), ("0.5", 3.5)):
        service.charged = charged
        number = len(service.bodies)
        matte("remove-bg", frames=[FRAMES[number][0]])
        assert spent(settings) == pytest.approx(spent_usd)


def test_a_zip_that_stays_truncated_is_told_and_can_be_fetched_later(service, matte):
    service.faults = {"fetch": ["truncated"] * 3}
    with pytest.raises(ServiceFailed, match=r"can\'t be read \(The ZIP is damaged\.\)"):
        matte("unscreen")
    assert overlap(matte("unscreen")) > 0.97
    assert service.bills == 1


def test_a_job_whose_time_is_over_is_polled_on_at_the_next_start(service, matte):
    service.polls_before_done = 30
    with pytest.raises(ServiceFailed, match="not done after"):
        matte("replicate", changed={"remote_deadline_s": 0.1})
    service.polls_before_done = 1
    assert overlap(matte("replicate")) > 0.97
    assert service.bills == 1


def test_two_runs_of_the_same_clip_at_a_time_send_it_once(service, matte):
    service.polls_before_done = 3
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(matte, "replicate") for _ in range(2)]
    assert [overlap(each.result()) > 0.97 for each in both] == [True, True]
    assert service.bills == 1


def test_a_worker_that_gives_a_job_back_leaves_it_running_at_the_service():
    running = RunningJob(None)  # type: ignore[arg-type]
    context = running.context()
    assert context.is_stopping()
    running.is_cancelled_by_user = True
    assert not context.is_stopping()


def test_cancel_ends_the_job_at_the_service_and_a_stop_of_the_program_does_not(service, matte):
    service.polls_before_done = 10**6
    for stopping, cancels in ((True, 0), (False, 1)):
        context = RunContext(is_stopping=lambda stopping=stopping: stopping)
        service.polls = 0
        threading.Thread(target=_cancel_when_polled, args=(service, context.cancel)).start()
        with pytest.raises(Cancelled):
            matte("replicate", context=context)
        assert service.cancels == cancels
    assert service.bills == 1  # the second start polled the first one's job


def test_a_cancel_while_the_clip_is_packed_sends_nothing(service, settings, matte):
    context = RunContext()
    context.on_progress = lambda progress: context.cancel.set() if progress.done == 3 else None
    with pytest.raises(Cancelled):
        matte("replicate", context=context)
    assert service.requests == []
    assert not list((settings.workspace_dir / "remote" / "packing").iterdir())


def _cancel_when_polled(service, cancel) -> None:
    while service.polls < 2:
        threading.Event().wait(0.005)
    cancel.set()


def test_a_budget_stops_before_anything_is_sent(service, settings, matte):
    with pytest.raises(BadRequest, match=r"Today's budget for services is USD 0\.40"):
        matte("replicate", changed={"remote_budget_day_usd": 0.4})
    with pytest.raises(BadRequest, match=r"This month's budget for services is USD 0\.20"):
        matte("replicate", changed={"remote_budget_month_usd": 0.2})
    assert service.requests == []  # not even the upload
    # Pictures are paid one by one, but none is sent where the budget doesn't reach for all.
    with pytest.raises(BadRequest, match=r"0\.00 are spent, and this job would take about 12\.00"):
        matte("remove-bg", changed={"remote_budget_day_usd": 11.5})
    assert service.bills == 0


WRONG_FRAMES = {
    "half the frames": (
        lambda alphas: alphas[::2],
        "25",
        "returned 6 frames at 25 frames a second for 12 at 25",
    ),
    "another shape": (lambda alphas: alphas[:, :40], "25", "160x40"),
}


@pytest.mark.parametrize("case", WRONG_FRAMES)
def test_frames_that_cannot_be_told_are_refused(service, matte, case):
    service.change, service.rate, said = WRONG_FRAMES[case]
    with pytest.raises(ServiceFailed, match=said):
        matte("replicate")


def test_a_result_of_another_rate_size_and_length_is_fitted_and_said(service, matte):
    told = []
    service.change, service.rate = (lambda alphas: np.repeat(alphas, 2, 0)[:, ::2, ::2]), "50"
    assert overlap(matte("replicate", context=RunContext(on_notice=told.append))) > 0.9
    assert "24 frames at 50 frames a second for 12 at 25" in render(told[-2])
    service.reset()
    service.change = lambda alphas: alphas[:-1]
    alphas = matte("fal", context=RunContext(on_notice=told.append))
    assert "returned 11 frames for 12" in render(told[-2])
    assert overlap(alphas[:-1], [mask for _, mask in FRAMES[:-1]]) > 0.97
    assert np.array_equal(alphas[-1], alphas[-2])


def test_a_result_without_transparency_is_refused(service, matte):
    service.result = lambda name, clip, number: clip  # type: ignore[method-assign]
    try:
        with pytest.raises(ServiceFailed, match="without transparency"):
            matte("fal")
    finally:
        del service.result


def test_fewer_frames_are_sent_and_the_rest_carried_along(service, settings, matte):
    still = [FRAMES[0][0]] * 6 + [frame for frame, _ in FRAMES[1:3]]
    masks = [FRAMES[0][1]] * 6 + [mask for _, mask in FRAMES[1:3]]
    alphas = matte("remove-bg", frames=still, skip_unchanged=True)
    assert service.bills == 3
    assert overlap(alphas, masks) > 0.97
    assert np.array_equal(alphas[0], alphas[5])
    service.reset()
    told = []
    context = RunContext(on_notice=told.append)
    assert overlap(matte("replicate", every=3, context=context)) > 0.85
    assert "One frame in 3 was matted" in " ".join(map(render, told))
    assert service.sent_frames[0].shape[0] == 4
    assert spent(settings) == pytest.approx(3.0 + 4 / 25)
    # Frames that look the same count once: of five pictures three are wanted, and two are here already.
    frames = [frame for frame, _ in FRAMES[:5] for _ in range(2)]
    alphas = matte("remove-bg", frames=frames, every=2, skip_unchanged=True)
    assert service.bills == 1 + 1
    assert all(np.array_equal(alphas[at], alphas[at + 1]) for at in range(0, 10, 2))


def test_a_picture_without_a_foreground_has_an_empty_alpha_and_costs_nothing(
    service, settings, matte
):
    service.faults = {"submit": ["nothing found"]}
    alphas = matte("remove-bg", frames=[frame for frame, _ in FRAMES[:2]])
    assert not alphas[0].any()
    assert overlap(alphas[1:], [FRAMES[1][1]]) > 0.97
    assert spent(settings) == pytest.approx(1.0)


def test_a_smaller_picture_is_sent_where_it_is_asked_for(service, matte):
    assert overlap(matte("replicate", long_side=80)) > 0.9
    assert service.sent_frames[0].shape == (12, 48, 80, 3)


def test_only_the_marked_target_is_kept(service, matte):
    frames, masks = [], []
    for frame, mask in FRAMES:
        frames.append(np.concatenate([frame, frame[:, ::-1]], axis=1))
        masks.append(np.concatenate([mask, np.zeros_like(mask)], axis=1))
    everything = matte("replicate", frames=frames)
    assert (everything[:, :, 160:] > 0.5).any()
    marked = matte("replicate", frames=frames, guide=dict(enumerate(masks)))
    assert overlap(marked, masks) > 0.95
    assert not (marked[:, :, 160:] > 0.1).any()
    assert service.bills == 1
