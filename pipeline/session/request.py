"""What a job is asked for: one schema, from which command line, page and API take their options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from engines.base import Capability
from engines.registry import ENGINES
from pipeline.postprocess.appearance import PICTURE, Backgrounds, Edges, FileOptions
from pipeline.video_io.outputs.registry import default_outputs, output_kinds
from utils.messages import Text
from utils.options import Option, OptionSpec, OptionValue, specs_of


def engine_choices() -> tuple[str, ...]:
    """Return the names that a request may give as its engine."""
    return ("auto", *ENGINES)


class RenderRequest(BaseModel):
    """New files from the kept alpha: the engine does not run."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    outputs: Annotated[
        tuple[str, ...],
        Option(Text(en="Files to make", zh="输出文件"), choices=output_kinds, on_page=False),
    ] = Field(default_factory=default_outputs)
    edges: Edges = Edges()
    backgrounds: Backgrounds = Backgrounds()
    files: FileOptions = FileOptions()


class MatteRequest(RenderRequest):
    """One matting job.

    `first` and `last` are the inclusive in and out points (last None = the clip's end); `start` is
    the keyframe that matting starts from; `kept` replaces the kept instances of keyframes. `everyone`
    takes no notice of keyframes: the engine finds the people by itself.
    """

    engine: Annotated[
        str,
        Option(Text(en="Matting engine", zh="抠图引擎"), choices=engine_choices, on_page=False),
    ] = "auto"
    first: Annotated[
        int, Option(Text(en="In point, a frame number", zh="入点（帧号）"), on_page=False)
    ] = 0
    last: Annotated[
        int | None,
        Option(Text(en="Out point, inclusive", zh="出点（含该帧）"), on_page=False),
    ] = None
    start: int | None = None
    kept: dict[int, tuple[int, ...]] = Field(default_factory=dict)
    options: dict[str, OptionValue] = Field(default_factory=dict)
    every_frame: Annotated[
        bool,
        Option(
            Text(
                en="Matte every frame again, not only those that the corrections can change",
                zh="全部帧重新抠图（不勾选则只处理修正影响的帧）",
            )
        ),
    ] = False
    refine_key_frames: Annotated[
        bool,
        Option(
            Text(
                en="On the marked frames take the alpha of a frame network within the mask (finer edges)",
                zh="标记帧改用单帧网络在蒙版范围内生成的 Alpha 通道（边缘更精细）",
            ),
            needs=Capability.EVERYONE.value,
        ),
    ] = False
    separate_targets: Annotated[
        bool,
        Option(
            Text(
                en="Files for each target too, not only all in one", zh="每个目标另外各输出一套文件"
            )
        ),
    ] = False
    everyone: Annotated[
        bool,
        Option(
            Text(
                en="Keep everybody, without a mark; for engines that find people by themselves",
                zh="保留所有人，无需标记（需要能自动识别人物的引擎）",
            ),
            needs=Capability.EVERYONE.value,
        ),
    ] = False


Request = TypeVar("Request", bound=RenderRequest)


def request_specs(request_type: type[RenderRequest]) -> dict[str, OptionSpec]:
    """Return the options of a request by name, those of edges and backgrounds among them."""
    return {spec.name: spec for spec in specs_of(request_type)}


def build_request(
    request_type: type[Request],
    values: Mapping[str, Any],
    base: RenderRequest | None = None,
    **structure: Any,
) -> Request:
    """Return a request of option values by name.

    Args:
        values: only names of `request_specs`; what is not given stays as in `base`, else the default.
        structure: fields that are no options, such as `kept`.

    Raises:
        BadRequest: a value of edges or backgrounds is out of range.
    """
    names = request_type.model_fields
    fields = (
        {} if base is None else {name: getattr(base, name) for name in names if hasattr(base, name)}
    )
    groups: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        path = request_specs(request_type)[name].path
        if len(path) == 1:
            fields[path[0]] = value
        else:
            groups.setdefault(path[0], {})[path[1]] = value
    for group, changes in groups.items():
        fields[group] = replace(fields.get(group, names[group].default), **changes)
    return request_type(**{**fields, **structure})


def sky_request(base: MatteRequest) -> MatteRequest:
    """Return the request with what a sky replacement needs; a preview over something else is over the picture."""
    values = {"invert": True, "preview_background": PICTURE, "everyone": False}
    return build_request(MatteRequest, values, base)
