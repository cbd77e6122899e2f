"""How large a ZIP of uncompressed files will be, before it is written."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable


def stored_zip_bytes(entries: Iterable[tuple[str, int]]) -> int:
    """Return the bytes of a ZIP that `zipfile` writes of files of these names and bytes without compression.

    Lengths of headers: PKWARE's APPNOTE 6.3.10, 4.3.7 (30 bytes and the name), 4.3.12 (46 and the name, with 12
    more of ZIP64 where the file begins too far behind) and 4.3.16 (22; 76 more with ZIP64's).
    """
    at, directory, count = 0, 0, 0
    for name, size_bytes in entries:
        name_bytes = len(name.encode())
        directory += 46 + name_bytes + (12 if at > zipfile.ZIP64_LIMIT else 0)
        at += 30 + name_bytes + size_bytes
        count += 1
    is_large = count > zipfile.ZIP_FILECOUNT_LIMIT or max(at, directory) > zipfile.ZIP64_LIMIT
    return at + directory + 22 + (76 if is_large else 0)
