"""Names of files while they are written, one for each writer."""

from __future__ import annotations

import secrets
from pathlib import Path


def own_partial_path(path: Path) -> Path:
    """Return a name that no other thread or process writes to: `name.partial-….ext`, same folder.

    With one name for all, of two who replace a file at once the second cuts off what the first has written and is
    about to put in place. Numbers of threads and processes would not do: forked processes share the former, machines
    with one folder both.
    """
    return path.with_name(f"{path.stem}.partial-{secrets.token_hex(6)}{path.suffix}")
