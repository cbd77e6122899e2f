"""The users file: one line a user with a hashed password; written by `scripts/add_user.py`.

A line is `name:role:scrypt$N$r$p$salt$hash`, role `user` or `admin`, salt and hash in base64.
Hashes are scrypt (RFC 7914) with the cost that OWASP recommends for 16 MiB of memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from utils.errors import BadRequest

COST, BLOCK_SIZE, PARALLEL = 2**14, 8, 5
"""scrypt's N, r and p: 16 MiB and some 0.2 s on a current core."""
_HASH_BYTES = 32
_MEMORY_BYTES = 64 * 1024**2
_NAME = re.compile(r"[LN.@_-][LMN.@_-]{0,59}")
"""Of Unicode's categories in the place of letters (L), digits (N) and marks that combine with them (M)."""

Role = Literal["user", "admin"]


@dataclass(frozen=True, slots=True)
class User:
    """One line of the users file."""

    name: str
    role: Role
    password_hash: str

    @property
    def line(self) -> str:
        """The user's line in the file."""
        return f"{self.name}:{self.role}:{self.password_hash}"


def hash_password(password: str) -> str:
    """Return a salted hash of the password."""
    salt = secrets.token_bytes(16)
    return _as_text(salt, _scrypt(password, salt, COST, BLOCK_SIZE, PARALLEL))


def nobodys_hash() -> str:
    """Return a hash that no known password has; checking one against it takes as long as against a user's."""
    return _as_text(secrets.token_bytes(16), secrets.token_bytes(_HASH_BYTES))


def _as_text(salt: bytes, digest: bytes) -> str:
    encoded = (base64.b64encode(item).decode() for item in (salt, digest))
    return "$".join(["scrypt", str(COST), str(BLOCK_SIZE), str(PARALLEL), *encoded])


def is_password(password: str, password_hash: str) -> bool:
    """Return whether the hash was made from the password; the time taken says nothing about it."""
    cost, block_size, parallel, salt, digest = _parts(password_hash)
    made = _scrypt(password, salt, cost, block_size, parallel)
    return hmac.compare_digest(made, digest)


def read_users(path: Path) -> dict[str, User]:
    """Return the users of the file by name; blank lines and lines that begin with # are skipped.

    Raises:
        BadRequest: the file can't be read, or a line is not one of ours.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "") if isinstance(error, OSError) else "UTF-8"
        raise BadRequest(
            "page.users_file", path=str(path), reason=reason, detail=str(error)
        ) from error
    users: dict[str, User] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        user = _read_line(line.strip())
        if user is None or user.name in users:
            raise BadRequest("page.users_line", path=str(path), line=number)
        users[user.name] = user
    return users


def canonical_name(name: str) -> str:
    """Return a name as the file has it: composed (NFC), however a keyboard or a terminal gives its letters."""
    return unicodedata.normalize("NFC", name)


def check_name(name: str) -> str:
    """Return a name that may stand in the file.

    Raises:
        BadRequest: it has other characters than letters and digits of any script and `._@-`, or is too long.
    """
    found = canonical_name(name)
    if not _is_name(found):
        raise BadRequest("page.users_name", name=name[:60])
    return found


def _is_name(name: str) -> bool:
    """Return whether it has only letters, digits, combining marks that follow one, and `._@-`."""
    kinds = (one if one in "._@-" else unicodedata.category(one)[0] for one in name)
    return _NAME.fullmatch("".join(kinds)) is not None


def _read_line(line: str) -> User | None:
    name, _, rest = canonical_name(line).partition(":")
    role, _, password_hash = rest.partition(":")
    if not _is_name(name) or role not in ("user", "admin"):
        return None
    try:
        _parts(password_hash)
    except ValueError:
        return None
    return User(name, "admin" if role == "admin" else "user", password_hash)


def _parts(password_hash: str) -> tuple[int, int, int, bytes, bytes]:
    """Return cost, block size, parallelism, salt and digest.

    Raises:
        ValueError: the text is no hash of ours.
    """
    kind, cost, block_size, parallel, salt, digest = password_hash.split("$")
    salt_bytes, digest_bytes = (base64.b64decode(item, validate=True) for item in (salt, digest))
    if kind != "scrypt" or len(digest_bytes) != _HASH_BYTES:
        raise ValueError("not a scrypt hash")
    return int(cost), int(block_size), int(parallel), salt_bytes, digest_bytes


def _scrypt(password: str, salt: bytes, cost: int, block_size: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8"),
        salt=salt,
        n=cost,
        r=block_size,
        p=parallel,
        maxmem=_MEMORY_BYTES,
        dklen=_HASH_BYTES,
    )
