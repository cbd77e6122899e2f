"""A script asked for help says what it does, and does nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.sh"))


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
