"""What an engine needs and how to get it; imports none of what it looks for."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from utils.errors import EngineUnavailable
from utils.types import Message


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing an engine needs: a package, weight files or a GPU.

    `label` names it, `command` is the one shell command that gets it ("" where none does).
    """

    label: Message
    present: bool
    command: str


def check_requirements(name: Message | str, requirements: Iterable[Requirement]) -> None:
    """Check that all of an engine's requirements are present.

    Raises:
        EngineUnavailable: names the first that is missing, and the command that gets it.
    """
    for item in requirements:
        if not item.present:
            raise EngineUnavailable(
                "engine.unavailable", name=name, missing=item.label, command=item.command or "-"
            )


SETUP_COMMAND = "bash scripts/setup_env.sh --models"
"""Installs the Python packages of the model engines."""


def missing_packages(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the Python packages that are not installed; imports none of them."""
    return tuple(name for name in names if importlib.util.find_spec(name) is None)


def package_requirement(names: Sequence[str], command: str = SETUP_COMMAND) -> Requirement:
    """Return the requirement of Python packages; it names those that are missing, else all.

    Args:
        command: the one shell command that installs them.
    """
    missing = missing_packages(names)
    return Requirement(
        Message("engine.requirement_packages", {"names": ", ".join(missing or names)}),
        present=not missing,
        command=command,
    )
