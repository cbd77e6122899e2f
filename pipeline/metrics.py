"""One measurement of the running process, and its text in Prometheus' exposition format 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "splazmatte_"


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge or a counter: one value, or one for each set of labels such as `state="running"`."""

    name: str
    help: str
    value: float = 0.0
    samples: tuple[tuple[str, float], ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"


def exposition(metrics: Iterable[Metric]) -> str:
    """Return the text that Prometheus reads."""
    lines = []
    for metric in metrics:
        name = PREFIX + metric.name
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"]
        if metric.samples:
            lines += [f"{name}{{{labels}}} {value:g}" for labels, value in metric.samples]
        else:
            lines.append(f"{name} {float(metric.value):.17g}")
    return "\n".join(lines) + "\n"
