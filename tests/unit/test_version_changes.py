"""What the list of versions says of each: how it differs from the version before."""

import pytest

from pipeline.jobs.kept_alpha import CLEAN_PLATE_FILE
from pipeline.orchestrator import EngineInfo
from pipeline.postprocess.appearance import Backgrounds, Edges, FileOptions
from pipeline.session.request import MatteRequest
from pipeline.session.result_versions import VersionInfo
from pipeline.session.state import ResultPlan, ResultRecord, StepSeconds
from ui.result_views import version_views
from utils.messages import Text
from utils.options import Option, OptionSpec
from utils.types import Message

_SCALE = OptionSpec(("scale",), "float", 1.0, Option(Text(en="Working size", zh="处理尺寸")))
_ENGINE = EngineInfo(
    name="rvm",
    label=Message("engine.rvm.label"),
    description=Message("engine.rvm.description"),
    capabilities=frozenset(),
    is_available=True,
    missing=(),
    option_specs=(_SCALE,),
    is_default=True,
)
_PLAN = ResultPlan(engine="rvm", options={"scale": 1.0}, first=10, last=40, guides=({0: 1, 5: 2},))


def _record(
    number: int, plan: ResultPlan | None = _PLAN, request: MatteRequest | None = None
) -> ResultRecord:
    return ResultRecord(
        number=number,
        made_at_s=0.0,
        request=request or MatteRequest(),
        plan=plan,
        engine_used="rvm" if plan is None else plan.engine,
        options_used={},
        run_details={},
        outputs=(),
        warnings=(),
        seconds=StepSeconds(),
        frames_done=31,
    )


def _said(before: ResultRecord, after: ResultRecord, language: str = "en") -> str:
    infos = [VersionInfo(after, 1, True), VersionInfo(before, 1, False)]
    newest, oldest = version_views(infos, [_ENGINE], "zh" if language == "zh" else "en")
    assert oldest["changes"] == "", "nothing is before it"
    return str(newest["changes"])


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"engine": "builtin", "options": {}}, "engine"),
        ({"options": {"scale": 0.5}}, "options (Working size)"),
        ({"options": {"scale": 1.0, CLEAN_PLATE_FILE: "ab"}}, "clean plate"),
        ({"options": {"scale": 1.0, "of_before": 2}}, "options (of_before)"),
        (
            {"options": {"scale": 1.0, "refine_key_frames": True}},
            "nothing, every frame matted again",
        ),
        ({"guides": ({0: 1, 5: 3},)}, "marks on frame 15"),
        ({"guides": ({0: 1, 5: 2, 9: 4}, {1: 7})}, "targets, marks on frame 19"),
        ({"guides": (dict.fromkeys(range(6), 9),)}, "marks on 6 frames"),
        ({"first": 12, "guides": ({3: 2},)}, "marks on frame 10, frames 12 to 40"),
        ({}, "nothing, every frame matted again"),
    ],
)
def test_what_the_alpha_is_made_from_is_compared(plan: dict[str, object], expected: str) -> None:
    after = _record(4, _PLAN.model_copy(update=plan))
    assert _said(_record(2), after) == f"Different from version 2: {expected}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"edges": Edges(feather_px=1.5)}, "羽化（像素） 0 → 1.5"),
        ({"edges": Edges(invert=True)}, "已反转"),
        ({"backgrounds": Backgrounds(foreground="#0000FF")}, "背景"),
        ({"files": FileOptions(first_number=5)}, "文件选项"),
        ({"everyone": True, "refine_key_frames": True}, "保留所有人或按标记、标记帧的 Alpha 通道"),
    ],
)
def test_how_files_look_is_compared_in_the_language(
    changes: dict[str, object], expected: str
) -> None:
    after = _record(2, request=MatteRequest().model_copy(update=changes))
    assert _said(_record(1), after, "zh") == f"与版本 1 不同：{expected}"


def test_a_result_of_before_plans_were_kept_is_compared_by_what_is_known() -> None:
    old = _record(1, plan=None)
    assert _said(old, _record(2, _PLAN.model_copy(update={"engine": "builtin"}))).endswith(
        ": engine"
    )
