"""What set-up compiles is all that a mark needs: no loop is compiled while a user waits."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import gc
from numba.core.registry import CPUDispatcher
from config import Settings
from engines.builtin.engine import BuiltinEngine
from scripts.compile_loops import main
from tests.disc import disc_frame
from utils.types import Box, Point, Prompt

def compiled():
    loops = [item for item in gc.get_objects() if isinstance(item, CPUDispatcher)]
    return {(loop.__name__, str(signature)) for loop in loops for signature in loop.signatures}

main()
before = compiled()
assert before
frame, mask = disc_frame(0)
opened = BuiltinEngine(Settings(_env_file=None)).open_image(frame, {1: disc_frame(1)[0]})
assert opened.segment(Prompt(box=Box(26, 26, 70, 70)))
assert opened.segment(Prompt(points=(Point(48, 48), Point(100, 10, False))))
assert opened.segment(Prompt(points=(Point(48, 48),), mask=mask))
print(sorted(compiled() - before))
"""


def test_marks_need_no_loop_that_set_up_did_not_compile() -> None:
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert made.stdout.strip() == "[]"
