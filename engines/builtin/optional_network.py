"""Asks a network that a job or a selection can go on without; one that fails is not asked again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from engines.base import RunContext
from utils.errors import Cancelled, SplazmatteError
from utils.types import Message

log = logging.getLogger(__name__)


class _Estimator(Protocol):
    @property
    def network(self) -> str:
        """Name of the network that would be asked now; "" where nobody is to be asked."""


EstimatorT = TypeVar("EstimatorT", bound=_Estimator)
AnswerT = TypeVar("AnswerT")
ValuesT = TypeVar("ValuesT", bound=npt.NDArray[Any])


class OptionalNetwork(Generic[EstimatorT]):
    """One network for one job, or for one picture's prompts.

    Args:
        source: whom to ask; None, or one without a network, for nobody.
        context: of the job whose user is told of a failure; None where the log is enough.
    """

    def __init__(self, source: EstimatorT | None, context: RunContext | None = None) -> None:
        self.name = source.network if source is not None else ""
        self._source = source if self.name else None
        self._context = context

    @property
    def is_active(self) -> bool:
        """True while there is a network that has not failed."""
        return self._source is not None

    def ask(self, question: Callable[[EstimatorT], AnswerT]) -> AnswerT | None:
        """Return what the question gets from the network; None without one and after a failure.

        Raises:
            Cancelled: the job was cancelled.
        """
        if self._source is None:
            return None
        if self._context is not None:
            self._context.check_cancelled()
        try:
            return question(self._source)
        except Cancelled:
            raise
        except Exception as problem:
            # Whatever goes wrong in a network must not end what can go on without it.
            self._source = None
            self._report(problem)
            return None

    def _report(self, problem: Exception) -> None:
        log.warning("network %s failed: %r", self.name, problem)
        if self._context is None:
            return
        reason = problem.message if isinstance(problem, SplazmatteError) else type(problem).__name__
        self._context.on_notice(
            Message("engine.foreground_failed", {"name": self.name, "reason": reason})
        )


def finite(answer: ValuesT) -> ValuesT:
    """Return a network's answer, floats of any shape, as it is.

    Raises:
        ValueError: a network that is damaged, or whose half precision overflowed, gave other than numbers.
    """
    if not np.isfinite(answer).all():
        raise ValueError("the answer is not finite")
    return answer
