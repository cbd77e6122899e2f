"""What a job needs of whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class JobNeeds:
    """An engine, memory for its weights and its work, in bytes by kind of device ("cpu" or "cuda"), and kinds of files.

    Without an engine it needs nothing more: workers have it already. `in_page` has the page's process run it.
    """

    engine: str = ""
    memory_bytes: Mapping[str, int] = field(default_factory=dict)
    in_page: bool = False
    outputs: tuple[str, ...] = ()

    def on(self, device: str) -> int:
        """Return the bytes that it needs on a kind of device; 0 where nothing is known."""
        return self.memory_bytes.get(device, 0)


NO_NEEDS = JobNeeds()
