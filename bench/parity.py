"""Compare an engine with its official code on recorded cases: `bench/parity.py --engine NAME …`.

Each engine's half is a module `bench/parity_NAME.py` with `main(arguments) -> int`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("matanyone", "videomama")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/parity.py", add_help=False)
    parser.add_argument("--engine", choices=ENGINES)
    known, rest = parser.parse_known_args(arguments)
    if known.engine is None:
        print(f"usage: bench/parity.py --engine {{{','.join(ENGINES)}}} … [--help]")
        return 0 if {"-h", "--help"} & set(rest) else 2
    half = importlib.import_module(f"bench.parity_{known.engine}")
    return int(half.main(rest))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
