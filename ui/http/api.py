"""The page's steps as named endpoints for `gradio_client`; see docs/api.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import FileData

from pipeline.orchestrator import Orchestrator
from pipeline.postprocess.appearance import PICTURE
from pipeline.session.request import MatteRequest, RenderRequest, sky_request
from pipeline.session.state import FIRST_TARGET
from ui import views
from ui.client import client_of
from ui.downloads import download_path, output_views, render_for_page
from ui.http.answering import answering
from ui.http.endpoint_parameters import with_request_options
from ui.http.endpoint_values import read_examples, read_points
from ui.inputs import (
    cached_upload,
    forget_upload,
    kept_instances,
    session_key,
    short_text,
    upload_options,
    whole_number,
)
from ui.next_step import step_line
from ui.page.wiring import SEGMENT_QUEUE, SEGMENTS_AT_ONCE
from ui.request_values import read_request
from ui.widgets.engines.engines import read_choice
from ui.widgets.targets.targets import read_target_change
from ui.widgets.viewer.viewer import read_box, read_strokes
from utils.errors import BadRequest
from utils.types import Prompt, Stroke


class Api:
    """One method for each endpoint; parameters are checked as if a stranger sent them."""

    def __init__(self, orchestrator: Orchestrator, cache_dir: Path) -> None:
        self._orchestrator = orchestrator
        self._cache_dir = cache_dir

    def publish(self) -> None:
        """Add the endpoints to the open `gr.Blocks`."""
        endpoints: list[Callable[..., Any]] = [
            self.upload,
            self.segment,
            self.targets,
            self.add_target,
            self.change_target,
            self.remove_target,
            with_request_options(self.submit, MatteRequest),
            with_request_options(self.render, RenderRequest),
            self.background_picture,
            self.clean_plate,
            with_request_options(self.replace_sky, MatteRequest),
            self.status,
            self.cancel,
            self.result,
            self.engines,
        ]
        for endpoint in endpoints:
            shared = SEGMENT_QUEUE if endpoint == self.segment else None
            limit = SEGMENTS_AT_ONCE if endpoint == self.segment else "default"
            gr.api(
                endpoint,
                api_name=endpoint.__name__,
                concurrency_id=shared,
                concurrency_limit=limit,
            )

    def upload(
        self,
        clip: FileData,
        language: str = "en",
        fps: str | float | None = None,
        hold_missing: bool = False,
        alpha_mode: str = "auto",
        request: gr.Request | None = None,
    ) -> dict[str, Any]:
        """Ingest a clip, or a ZIP of numbered pictures; return its session id and what is known of it.

        `fps` is the rate of pictures, such as "24000/1001", and `hold_missing` fills their gaps.
        `alpha_mode` is what the colours of a file with transparency are taken for: "straight", "premultiplied", or
        "auto", by its format.
        """
        with answering(language) as spoken:
            path, name = self._uploaded(clip)
            try:
                options = upload_options(fps, hold_missing, alpha_mode)
                owner = client_of(request).key
                state = self._orchestrator.create_session(
                    path, name, may_link=True, owner=owner, options=options
                )
            finally:
                forget_upload(path)
            return {"session": state.id, "clip": views.clip_view(state, spoken)}

    def segment(
        self,
        session: str,
        frame: int = 0,
        text: str = "",
        points: list[list[float]] | None = None,
        box: list[float] | None = None,
        mask: FileData | None = None,
        language: str = "en",
        strokes: list[dict[str, Any]] | None = None,
        main_object: bool = False,
        target: int = FIRST_TARGET,
        source_alpha: bool = False,
        examples: list[list[float]] | None = None,
        undo: bool = False,
    ) -> dict[str, Any]:
        """Find a target on a frame by text, points [x, y, 1 or 0], a box, or a mask PNG.

        With `main_object` a network finds it without a mark, and with `source_alpha` the clip's own
        transparency shows it; the others are then left out.

        Examples [x0, y0, x1, y1, 1 or 0] ask for everything like the boxes, and for nothing like those with 0.
        Strokes {"vertices": [[x, y], …], "radius", "positive", "filled"} are painted over it, exactly.
        With `undo` points, box and strokes give back what the same ones had selected on the frame before others
        replaced or removed it, while it is kept (the last eight); without it they are answered anew.
        """
        with answering(language):
            key = session_key(session)
            at, number = whole_number(frame, "frame"), whole_number(target, "target")
            marks = {"text": text, "points": points, "box": box, "examples": examples}
            if main_object is True or source_alpha is True:
                name = "main_object" if main_object else "source_alpha"
                both = main_object and source_alpha
                _alone(
                    name,
                    marks | {"mask": mask, "strokes": strokes, "source_alpha": both, "undo": undo},
                )
                select = {
                    "main_object": self._orchestrator.select_main_object,
                    "source_alpha": self._orchestrator.select_source_alpha,
                }
                select[name](key, at, number)
            elif mask is not None:
                _alone("mask", marks | {"undo": undo})
                self._take_mask(key, at, mask, read_strokes(strokes or []), number)
            else:
                prompt = _prompt(marks, read_strokes(strokes or []))
                self._orchestrator.segment(key, at, prompt, target=number, is_undo=undo is True)
            found = self._orchestrator.state(key).keyframes_of(number)[at]
            return views.found_view(key, found)

    def _take_mask(
        self, key: str, frame: int, mask: FileData, strokes: tuple[Stroke, ...], target: int
    ) -> None:
        path, _ = self._uploaded(mask)
        try:
            self._orchestrator.read_mask_upload(key, frame, path, strokes, target)
        finally:
            forget_upload(path)

    def targets(self, session: str, language: str = "en") -> list[dict[str, Any]]:
        """Return the clip's targets: number, name, colour, whether shown and locked, marked frames."""
        with answering(language) as spoken:
            state = self._orchestrator.state(session_key(session))
            return views.target_views(state, spoken)

    def add_target(
        self, session: str, name: str = "", colour: str | None = None, language: str = "en"
    ) -> dict[str, Any]:
        """Add a target without marks; its `id` is the `target` of `/segment`."""
        with answering(language) as spoken:
            key = session_key(session)
            change = read_target_change({"name": name, "colour": colour})
            added = self._orchestrator.add_target(key, change)
            return views.target_view(self._orchestrator.state(key), added, spoken)

    def change_target(
        self,
        session: str,
        target: int,
        name: str | None = None,
        colour: str | None = None,
        shown: bool | None = None,
        locked: bool | None = None,
        language: str = "en",
    ) -> list[dict[str, Any]]:
        """Name, colour, show or lock a target; what isn't given stays."""
        with answering(language) as spoken:
            change = read_target_change(
                {"name": name, "colour": colour, "shown": shown, "locked": locked}
            )
            state = self._orchestrator.change_target(
                session_key(session), whole_number(target, "target"), change
            )
            return views.target_views(state, spoken)

    def remove_target(
        self, session: str, target: int, language: str = "en"
    ) -> list[dict[str, Any]]:
        """Remove a target with its marks; return those that are left."""
        with answering(language) as spoken:
            number = whole_number(target, "target")
            state = self._orchestrator.remove_target(session_key(session), number)
            return views.target_views(state, spoken)

    def submit(
        self,
        session: str,
        kept: dict[str, list[int]] | None = None,
        edges: dict[str, float] | None = None,
        options: dict[str, Any] | None = None,
        language: str = "en",
        **values: Any,
    ) -> dict[str, Any]:
        """Queue the matting job; return its place in the queue. Edge controls may come together in `edges`."""
        with answering(language) as spoken:
            request = read_request(
                MatteRequest,
                {**_mapping(edges, "edges"), **_given(values)},
                kept=kept_instances(kept or {}),
                options=read_choice({"options": options or {}}).options,
            )
            status = self._orchestrator.submit(session_key(session), request)
            return dict(views.job_view(status, "", spoken))

    def render(
        self,
        session: str,
        edges: dict[str, float] | None = None,
        language: str = "en",
        **values: Any,
    ) -> dict[str, Any]:
        """Queue new files from the kept alpha; what isn't given stays as the last files have it."""
        with answering(language) as spoken:
            key = session_key(session)
            given = {**_mapping(edges, "edges"), **_given(values)}
            base = self._orchestrator.state(key).result_request
            status = self._orchestrator.rerender(key, read_request(RenderRequest, given, base))
            return dict(views.job_view(status, "", spoken))

    def background_picture(
        self, session: str, picture: FileData, language: str = "en"
    ) -> dict[str, Any]:
        """Take a PNG or JPEG as what the background `picture` stands for."""
        with answering(language):
            path, _ = self._uploaded(picture)
            try:
                self._orchestrator.set_background_picture(session_key(session), path)
            finally:
                forget_upload(path)
            return {"background": PICTURE}

    def clean_plate(self, session: str, picture: FileData, language: str = "en") -> bool:
        """Take a PNG or JPEG of the scene without the target, for engines that use one."""
        with answering(language):
            path, _ = self._uploaded(picture)
            try:
                self._orchestrator.set_clean_plate(session_key(session), path)
            finally:
                forget_upload(path)
            return True

    def replace_sky(
        self,
        session: str,
        picture: FileData | None = None,
        frame: int = 0,
        options: dict[str, Any] | None = None,
        language: str = "en",
        **values: Any,
    ) -> dict[str, Any]:
        """Find the sky on a frame, or take the session's marks for it, and queue a job that replaces it.

        `picture` (PNG or JPEG) lies behind everything else in the preview; the options are those of `/submit`.
        """
        with answering(language) as spoken:
            key, at = session_key(session), whole_number(frame, "frame")
            choice = read_choice({"options": options or {}})
            request = read_request(MatteRequest, _given(values), options=choice.options)
            path, _ = self._uploaded(picture)
            try:
                self._orchestrator.replace_sky(key, at, path)
            finally:
                forget_upload(path)
            status = self._orchestrator.submit(key, sky_request(request))
            return dict(views.job_view(status, "", spoken))

    def status(self, session: str, language: str = "en") -> dict[str, Any]:
        """Return the session's state and its job's progress, None where no job is known."""
        with answering(language) as spoken:
            view = self._orchestrator.status(session_key(session))
            kind, text = step_line(view.state, view.job, spoken)
            job = None if view.job is None else views.job_view(view.job, "", spoken)
            return {"state": view.state.status.value, "kind": kind, "text": text, "job": job}

    def cancel(self, session: str, language: str = "en") -> bool:
        """Ask the session's job to stop; False when none was active."""
        with answering(language):
            return self._orchestrator.cancel(session_key(session))

    def result(
        self, session: str, language: str = "en", version: int | None = None
    ) -> dict[str, Any]:
        """Return the finished files: kind, size, and the address each is downloaded from; and notes on the result.

        With `version` those of an earlier result of `/versions`, without notes.
        """
        with answering(language) as spoken:
            key = session_key(session)
            number = None if version is None else whole_number(version, "version")
            state = self._orchestrator.state(key)
            files = output_views(state, self._orchestrator.outputs(key, number), spoken)
            for item in files:
                item["url"] = download_path(key, item["kind"], item["target"], number)
            warnings = state.warnings if number is None else []
            notes = [render_for_page(warning, spoken) for warning in warnings]
            told = {"state": state.status.value, "engine": state.result_engine, "notes": notes}
            return {**told, "outputs": files}

    def engines(self, language: str = "en") -> list[dict[str, Any]]:
        """Return the matting engines and what each still needs."""
        with answering(language) as spoken:
            return list(views.engine_views(self._orchestrator.engines(), spoken))

    def _uploaded(self, value: Any) -> tuple[Path, str]:
        if not isinstance(value, dict):
            raise BadRequest("page.no_file")
        path = cached_upload(value.get("path"), self._cache_dir)
        name = value.get("orig_name")
        return path, name[:500] if isinstance(name, str) and name else path.name


def _prompt(marks: Mapping[str, Any], strokes: tuple[Stroke, ...]) -> Prompt:
    """Return the prompt of `segment`'s values "text", "points", "box" and "examples", painted over by the strokes.

    Raises:
        BadRequest: a value is unusable.
    """
    wanted, unwanted = read_examples(marks["examples"] or [])
    return Prompt(
        text=short_text(marks["text"], "text"),
        points=read_points(marks["points"] or []),
        box=None if marks["box"] is None else read_box(marks["box"]),
        strokes=strokes,
        exemplars=wanted,
        negative_exemplars=unwanted,
    )


def _alone(name: str, marks: Mapping[str, object]) -> None:
    """Refuse other marks beside one that they would be without effect with.

    Raises:
        BadRequest: there are some.
    """
    others = ", ".join(other for other, value in marks.items() if value)
    if others:
        raise BadRequest("page.not_together", name=name, others=others)


def _mapping(value: object, name: str) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest("page.bad_value", name=name)
    return value


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
