"""Compiles the built-in engine's loops, whose machine code is kept on disk: python -m scripts.compile_loops."""

from __future__ import annotations

from config import Settings
from engines.builtin.engine import BuiltinEngine


def main() -> None:
    """Run every loop that a mark or a track needs once, on pictures of a few pixels."""
    BuiltinEngine(Settings()).load_model("cpu")


if __name__ == "__main__":
    main()
