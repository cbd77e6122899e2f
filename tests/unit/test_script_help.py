"""A script asked for help says what it does, and does nothing else."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.sh"))
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for path in (ROOT / "scripts").rglob("*.py")
    if '__name__ == "__main__"' in path.read_text("utf-8")
)
"""What `python -m` runs."""


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_help_is_said_without_setting_anything_up(tmp_path: Path, name: str, flag: str) -> None:
    """`start.sh --help` made an environment and fetched a model first, `setup_env.sh --help` ended with 2."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__py*"))
    (tmp_path / "engines").mkdir()
    shutil.copy(ROOT / "engines" / "weights.json", tmp_path / "engines")
    # What is called instead of the machine's programs would be noted.
    calls = tmp_path / "calls"
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in ("apt-get", "npm", "pip", "curl", "sudo"):
        (programs / program).write_text(f"#!/bin/sh\necho {program} >> {calls}\n")
        (programs / program).chmod(0o755)
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        ["bash", f"scripts/{name}", flag],
        cwd=tmp_path,
        env={"PATH": f"{programs}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 5
    assert "#!" not in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", MODULES)
def test_help_of_a_module_says_how_it_is_called_and_does_nothing(
    tmp_path: Path, name: str, flag: str
) -> None:
    """`scripts.compile_loops --help` compiled the loops and said nothing."""
    if name == "scripts.export.matting_unet" and importlib.util.find_spec("onnx") is None:
        pytest.skip("onnx is not installed")
    done = subprocess.run(
        [sys.executable, "-m", name, flag],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_CACHE_DIR": str(tmp_path / "compiled"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")
    assert len(done.stdout.split()) > 8
    assert list(tmp_path.iterdir()) == []
