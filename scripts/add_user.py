"""Adds a user to a users file, or replaces one: asks for the password and writes its hash.

    .venv/bin/python scripts/add_user.py /etc/splazmatte.users ann [--admin] [--remove]

The running server takes the change over within a second.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.storage.files import write_atomically
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
        password = _ask_password()
        if not password:
            print("no password was given, nothing was changed", file=sys.stderr)
            return 2
        users[name] = User(name, "admin" if options.admin else "user", hash_password(password))
    lines = "".join(f"{user.line}\n" for user in users.values())
    write_atomically(options.file, lines.encode())
    options.file.chmod(0o600)
    return 0


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
    return first if first == second else ""


if __name__ == "__main__":
    sys.exit(main())
