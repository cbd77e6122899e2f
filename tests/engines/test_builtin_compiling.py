"""What set-up compiles is all that a mark and a job need: no loop is compiled while a user waits."""

import os
import subprocess
import sys
from pathlib import Path

from tests.disc import write_clip, write_mask_png

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import gc
from numba.core.registry import CPUDispatcher
from config import Settings
from engines.builtin.engine import BuiltinEngine
from tests.disc import disc_frame
from utils.types import Box, Point, Prompt

def compiled():
    loops = [item for item in gc.get_objects() if isinstance(item, CPUDispatcher)]
    return {(loop.__name__, str(signature)) for loop in loops for signature in loop.signatures}

BuiltinEngine(Settings(_env_file=None)).load_model("cpu")
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


def test_a_job_needs_no_loop_that_set_up_did_not_compile(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "scripts.compile_loops"], cwd=ROOT, check=True)
    clip, mask = write_clip(tmp_path / "disc.mp4", 3), write_mask_png(tmp_path / "mask.png")
    job = ["matte", str(clip), "--mask", str(mask), "--engine", "builtin", "--despill", "1"]
    told = subprocess.run(
        [sys.executable, "app.py", *job, "--out", str(tmp_path / "out")],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "SPLAZMATTE_WORKSPACE_DIR": str(tmp_path / "workspace"),
            "SPLAZMATTE_FOREGROUND_NETWORK": "off",
            "NUMBA_DEBUG_CACHE": "1",
        },
    ).stdout
    assert "data loaded from" in told
    assert "data saved to" not in told
