"""Adds a user to a users file, or replaces one: asks for the password and writes its hash.

    .venv/bin/python scripts/add_user.py /etc/splazmatte.users ann [--admin] [--remove]

The running server takes the change over within a second.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.storage.files import partial_path
from ui.http.users import User, check_name, hash_password, read_users
from utils.errors import BadRequest


def main(arguments: list[str] | None = None) -> int:
    """Change the file as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(description="Add, replace or remove a user.")
    parser.add_argument("file", type=Path)
    parser.add_argument("name")
    parser.add_argument("--admin", action="store_true", help="sees every session")
    parser.add_argument("--remove", action="store_true", help="take the user out of the file")
    options = parser.parse_args(arguments)
    try:
        name = check_name(options.name)
        users = read_users(options.file) if options.file.exists() else {}
    except BadRequest as error:
        print(error.user_message, file=sys.stderr)
        return 2
    if options.remove:
        if users.pop(name, None) is None:
            print(f"there is no user {name} in {options.file}", file=sys.stderr)
            return 2
    else:
        password, problem = _ask_password()
        if problem:
            print(f"{problem}, nothing was changed", file=sys.stderr)
            return 2
        users[name] = User(name, "admin" if options.admin else "user", hash_password(password))
    lines = "".join(f"{user.line}\n" for user in users.values())
    try:
        _write(options.file, lines.encode())
    except OSError as error:
        place = options.file.resolve().parent
        print(
            f"nothing was changed: {place} can't be written ({error.strerror}); name a folder that is there, or run "
            "this as its owner",
            file=sys.stderr,
        )
        return 2
    return 0


def _write(file: Path, content: bytes) -> None:
    """Replace the file; its owner and group stay, or the server's user could read it no more."""
    before = file.stat() if file.exists() else None
    temporary = partial_path(file)
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        if before is not None:
            with contextlib.suppress(PermissionError):
                os.fchown(stream.fileno(), before.st_uid, before.st_gid)
            os.fchmod(stream.fileno(), before.st_mode & 0o640)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)


def _ask_password() -> tuple[str, str]:
    """Return the password, and what is wrong with it."""
    if sys.stdin.isatty():
        first = getpass.getpass("Password: ")
        if first and getpass.getpass("Again: ") != first:
            return "", "the two passwords differ"
    else:
        first = sys.stdin.readline().rstrip("\n")
    return first, "" if first else "no password was given"


if __name__ == "__main__":
    sys.exit(main())
