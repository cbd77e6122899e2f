"""What a rerun keeps of the last result's alpha."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.jobs.guides import TargetGuide
from pipeline.jobs.kept_alpha import kept_alphas, plan_of
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session


@pytest.mark.parametrize(("options", "keeps"), [({}, True), ({"clean_plate_file": ""}, False)])
def test_a_part_is_not_matted_with_a_clean_plate_of_its_own(tmp_path, options, keeps):
    mask = np.zeros((4, 4), bool)
    mask[1:3, 1:3] = True
    guide = TargetGuide(1, {0: mask}, 0)
    plan = plan_of("background-matting", options, (0, 9), [guide])
    session = Session(tmp_path)
    session.master.write_bytes(b"12345")
    before = SimpleNamespace(result_plan=plan.model_copy(update={"master_bytes": (5,)}))
    kept = kept_alphas(session, before, MatteRequest(), plan)
    assert (kept is not None) == keeps


def test_marks_correct_nothing_of_a_result_that_was_made_for_everyone(tmp_path):
    """The job ended with an internal error, as that result has no masks to correct."""
    mask = np.zeros((4, 4), bool)
    mask[1:3, 1:3] = True
    session = Session(tmp_path)
    session.master.write_bytes(b"12345")
    of_everyone = plan_of("rvm", {}, (0, 9), [TargetGuide(1, {}, 0)])
    before = SimpleNamespace(result_plan=of_everyone.model_copy(update={"master_bytes": (5,)}))
    marked = plan_of("rvm", {}, (0, 9), [TargetGuide(1, {0: mask}, 0)])
    assert kept_alphas(session, before, MatteRequest(engine="rvm"), marked) is None
