"""The list of a session's targets: added, named, coloured, shown, locked and removed; it marks nothing."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass

from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, TARGET_COLOURS, SessionState, TargetRecord
from utils.errors import BadRequest

MOST_TARGETS = 20
"""Most targets of a session: each is tracked and matted by itself."""
NAME_LIMIT = 60
"""Longest name of a target."""
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class TargetChange:
    """New values of a target; None leaves one as it is. `colour` is "#rrggbb"."""

    name: str | None = None
    colour: str | None = None
    is_shown: bool | None = None
    is_locked: bool | None = None

    def fields(self) -> dict[str, str | bool]:
        """Return what changes.

        Raises:
            BadRequest: not a colour, or the name is too long.
        """
        values: dict[str, str | bool] = {}
        if self.name is not None:
            name = " ".join(self.name.split())
            if len(name) > NAME_LIMIT:
                raise BadRequest("job.target_name", limit=NAME_LIMIT)
            values["name"] = name
        if self.colour is not None:
            colour = self.colour.strip().lower()
            if not _COLOUR.fullmatch(colour):
                raise BadRequest("job.value", name="colour", value=colour[:20], allowed="#RRGGBB")
            values["colour"] = colour
        if self.is_shown is not None:
            values["is_shown"] = self.is_shown
        if self.is_locked is not None:
            values["is_locked"] = self.is_locked
        return values


def add_target(session: Session, change: TargetChange) -> TargetRecord:
    """Add a target without marks, in the first colour that no other has.

    Raises:
        BadRequest: there are as many as may be, or a value is unusable.
    """
    made: list[TargetRecord] = []

    def add(state: SessionState) -> SessionState:
        if len(state.targets) >= MOST_TARGETS:
            raise BadRequest("job.targets_limit", limit=MOST_TARGETS)
        number = max(target.id for target in state.targets) + 1
        used = {target.colour for target in state.targets}
        free = [colour for colour in TARGET_COLOURS if colour not in used]
        colour = free[0] if free else TARGET_COLOURS[(number - 1) % len(TARGET_COLOURS)]
        values = {"id": number, "colour": colour, **change.fields()}
        made.append(TargetRecord.model_validate(values))
        return state.model_copy(update={"targets": (*state.targets, made[-1])})

    session.transform(add)
    return made[-1]


def change_target(session: Session, number: int, change: TargetChange) -> SessionState:
    """Give a target new values; one that is locked can be unlocked, shown and renamed.

    Raises:
        BadRequest: there is no such target, or a value is unusable.
    """
    values = change.fields()
    return session.transform(
        lambda state: state.with_target(state.target(number).model_copy(update=values))
    )


def remove_target(session: Session, number: int) -> SessionState:
    """Remove a target with its marks; the last one only loses its marks and its name.

    Raises:
        BadRequest: there is no such target, or it is locked.
    """

    def remove(state: SessionState) -> SessionState:
        check_unlocked(state, number)
        state = state.with_keyframes(number, {})
        others = tuple(target for target in state.targets if target.id != number)
        return state.model_copy(update={"targets": others or (TargetRecord(),)})

    with session.masks_lock():
        state = session.transform(remove)
        folder = session.target_dir(number)
        # The first target's frames lie beside the folders of the others.
        for part in folder.glob("[0-9]*") if number == FIRST_TARGET else [folder]:
            shutil.rmtree(part, ignore_errors=True)
    return state


def check_unlocked(state: SessionState, number: int) -> None:
    """Check that a target takes marks.

    Raises:
        BadRequest: there is no such target, or it is locked.
    """
    target = state.target(number)
    if target.is_locked:
        raise BadRequest("job.target_locked", name=target.name or str(target.id))
