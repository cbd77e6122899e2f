"""The administrator's page: HTML made on the server, in the browser's language; it holds no state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from string import Template

from pipeline.jobs.queue import JobState, JobStatus
from pipeline.operations import Overview
from pipeline.session.state import SessionState
from pipeline.workers.records import Order, WorkerRecord
from ui.text import shown_bytes, translate
from utils.messages import Language, render

_STYLE = """
body { font: 15px system-ui, "Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", sans-serif; margin: 0;
  padding: 14px clamp(12px, 3vw, 40px) 40px; color: #1f2937; background: #f8fafc; }
header { display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: baseline; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 17px; margin: 26px 0 6px; } p { margin: 6px 0; color: #4b5563; }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; background: #fff; border-radius: 8px; }
th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid #e2e8f0; vertical-align: top; }
td { overflow-wrap: break-word; } th, button { white-space: nowrap; } form { display: inline; } a { color: #1d4ed8; }
button { font: inherit; font-size: 14px; padding: 5px 11px; margin: 4px 6px 2px 0; border: 1px solid #94a3b8;
  border-radius: 8px; background: #fff; color: inherit; cursor: pointer; }
button:hover { border-color: #2563eb; } :focus-visible { outline: 3px solid #60a5fa; outline-offset: 2px; }
[role=alert] { color: #b91c1c; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  body { color: #f1f5f9; background: #0b0f19; } p { color: #c0c8d4; } table, button { background: #1e293b; }
  th, td { border-color: #334155; } a { color: #93c5fd; } [role=alert] { color: #fca5a5; } }
"""
_SCRIPT = """
const main = document.querySelector('main');
setInterval(async () => {
  const answer = await fetch(location).catch(() => null);
  if (!answer || !answer.ok || main.contains(document.activeElement)) return;
  const made = new DOMParser().parseFromString(await answer.text(), 'text/html');
  main.replaceChildren(...made.querySelector('main').childNodes);
}, 3000);
"""
_PAGE = Template(
    """<!DOCTYPE html>
<html lang="$language"><head><meta charset="utf-8"><title>$title · SplazMatte</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>$style</style></head>
<body><header><h1>$title</h1><a href="./">$home</a><a href="admin?language=$other" lang="$other">$other_name</a></header>
<main>$main</main><script>$script</script></body></html>"""
)


def admin_page(overview: Overview, language: Language, problem: str = "") -> str:
    """Return the page.

    Args:
        problem: why the last action was refused.
    """
    sections = [
        f'<p role="alert">{escape(problem)}</p>' if problem else "",
        _workers(overview, language),
        _queue(overview, language),
        _failed(overview.failed, language),
        _disk(overview, language),
        _costs(overview, language),
    ]
    other, other_name = ("en", "English") if language == "zh" else ("zh", "中文")
    return _PAGE.substitute(
        language=language,
        other=other,
        other_name=other_name,
        title=escape(translate("admin.title", language)),
        home=escape(translate("admin.home", language)),
        style=_STYLE,
        script=_SCRIPT,
        main="".join(sections),
    )


def _workers(overview: Overview, language: Language) -> str:
    head = _heading("admin.workers", language)
    if overview.workers is None:
        return head + _paragraph("admin.in_process", language)
    if not overview.workers:
        return head + _paragraph("admin.no_workers", language)
    rows = [
        (
            escape(worker.name),
            escape(_device(worker)),
            escape(", ".join(worker.engines)),
            _worker_state(worker, language),
            _worker_buttons(worker, language),
        )
        for worker in overview.workers
    ]
    columns = ("admin.worker", "admin.card", "admin.engines", "admin.state", "")
    return head + _table(columns, rows, language) + _paragraph("admin.drain_hint", language)


def _device(worker: WorkerRecord) -> str:
    name = worker.card or worker.device
    return name if worker.memory_bytes is None else f"{name}, {shown_bytes(worker.memory_bytes)}"


def _worker_state(worker: WorkerRecord, language: Language) -> str:
    states = {Order.PAUSE: "admin.paused", Order.DRAIN: "admin.draining"}
    codes = [states[worker.order]] if worker.order in states else []
    codes = codes or ["admin.idle"] if not worker.job else ["admin.working", *codes]
    return escape(", ".join(translate(code, language) for code in codes))


def _worker_buttons(worker: WorkerRecord, language: Language) -> str:
    if worker.order is Order.DRAIN:
        return ""
    is_paused = worker.order is Order.PAUSE
    action, code = ("work", "admin.resume") if is_paused else ("pause", "admin.pause")
    return _button(action, code, language, worker.name) + _button(
        "drain", "admin.drain", language, worker.name
    )


def _queue(overview: Overview, language: Language) -> str:
    action, code = (
        ("resume_queue", "admin.resume_queue")
        if overview.is_paused
        else ("pause_queue", "admin.pause_queue")
    )
    head = _heading("admin.queue", language)
    if overview.is_paused:
        head += _paragraph("admin.queue_paused", language)
    if not overview.queue:
        return head + _paragraph("admin.queue_empty", language) + _button(action, code, language)
    rows = [
        (
            *_session_cells(state),
            _job_state(job, language),
            _button("cancel", "admin.cancel", language, state.id),
        )
        for state, job in overview.queue
    ]
    columns = ("admin.clip", "admin.owner", "admin.engine", "admin.state", "")
    return head + _table(columns, rows, language) + _button(action, code, language)


def _job_state(job: JobStatus, language: Language) -> str:
    if job.state is JobState.QUEUED:
        return escape(translate("admin.waiting", language, count=job.in_front))
    percent = round(100 * job.progress.fraction)
    return escape(translate("admin.running", language, percent=percent))


def _failed(states: Sequence[SessionState], language: Language) -> str:
    head = _heading("admin.failed", language)
    if not states:
        return head + _paragraph("admin.none_failed", language)
    interrupted = translate("admin.interrupted", language)
    rows = [
        (
            *_session_cells(state),
            escape(interrupted if state.error is None else render(state.error, language)),
            _button("retry", "admin.retry", language, state.id),
        )
        for state in states
    ]
    columns = ("admin.clip", "admin.owner", "admin.engine", "admin.reason", "")
    return head + _table(columns, rows, language)


def _session_cells(state: SessionState) -> tuple[str, str, str]:
    engine = "" if state.request is None else state.request.engine
    return escape(state.shown_name), escape(state.owner), escape(engine)


def _disk(overview: Overview, language: Language) -> str:
    return _heading("admin.disk", language) + _paragraph(
        "admin.disk_state",
        language,
        free=shown_bytes(overview.free_bytes),
        total=shown_bytes(overview.total_bytes),
        sessions=overview.sessions,
    )


def _costs(overview: Overview, language: Language) -> str:
    if not overview.spending:
        return ""
    lines = "".join(
        f"<p>{escape(render(label, language))}: {escape(render(spent, language))}</p>"
        for label, spent in overview.spending
    )
    return _heading("admin.costs", language) + lines


def _heading(code: str, language: Language) -> str:
    return f"<h2>{escape(translate(code, language))}</h2>"


def _paragraph(code: str, language: Language, **params: str | int | float) -> str:
    return f"<p>{escape(translate(code, language, **params))}</p>"


def _table(codes: Sequence[str], rows: Iterable[Sequence[str]], language: Language) -> str:
    """Return a table; its cells are HTML already, an empty code stands for the column of buttons."""
    heads = "".join(
        f'<th scope="col">{escape(translate(code, language))}</th>' if code else "<td></td>"
        for code in codes
    )
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table" tabindex="0"><table><tr>{heads}</tr>{body}</table></div>'


def _button(action: str, code: str, language: Language, target: str = "") -> str:
    name = escape(translate(code, language))
    return (
        f'<form method="post" action="admin?language={language}">'
        f'<input type="hidden" name="target" value="{escape(target)}">'
        f'<button name="action" value="{action}">{name}</button></form>'
    )
