"""The matting job that the page's controls describe."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.session.request import MatteRequest
from ui.request_values import page_controls, read_request
from ui.widgets.edges.edges import read_appearance
from ui.widgets.engines.engines import read_choice
from ui.widgets.viewer.viewer import read_annotation


def read_job(
    marks: object, engine: object, outputs: object, appearance: object, controls: Sequence[object]
) -> MatteRequest:
    """Return the request that the values of viewer, engines, files, edges and controls make.

    Args:
        controls: values of `page_controls`, in their order.

    Raises:
        BadRequest: a value can't be used.
    """
    annotation = read_annotation(marks)
    choice = read_choice(engine)
    values = dict(zip([spec.name for spec in page_controls()], controls, strict=True))
    return read_request(
        MatteRequest,
        {"outputs": outputs, "engine": choice.name, **values},
        read_appearance(appearance),
        options=choice.options,
        first=annotation.first,
        last=annotation.last,
        kept=annotation.kept,
    )
