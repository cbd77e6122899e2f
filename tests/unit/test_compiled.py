"""Compiled loops use machine code that is kept on disk, whatever has become of it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.forked import ROOT

LOOP = """
from typing import NamedTuple

import numpy as np

from utils.compiled import compile_now


class {name}(NamedTuple):
    alpha: np.ndarray


@compile_now
def total(row):
    return row.alpha.sum()


print(total({name}(np.ones(4))))
"""


def test_a_loop_whose_argument_was_renamed_since_is_compiled_again(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    source = tmp_path / "loop.py"
    for name in ("Row", "Line", "Line"):
        source.write_text(LOOP.format(name=name))
        command = [sys.executable, "-c", "import loop"]
        run = subprocess.run(
            command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert (run.stdout, run.stderr) == ("4.0\n", "")
    assert list((tmp_path / "cache").rglob("loop.total-*.nbi"))
