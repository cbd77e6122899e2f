"""setup_env.sh leaves exactly one build of ONNX Runtime, the GPU's where an NVIDIA GPU is seen, whatever stopped it before."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = """\
#!/usr/bin/env bash
# Stands in for the environment's Python: an installed package is a file of its name.
shelf="$(dirname "$0")/../packages"
case "$*" in
  "-m pip show --quiet "*) [ -e "$shelf/${@: -1}" ] ;;
  "-m pip uninstall "*)
    for name in "$@"; do case "$name" in onnxruntime*) rm -f "$shelf/$name" ;; esac; done ;;
  "-m pip install "*)
    file="${@: -1}"
    [ "$file" = "${BROKEN:-}" ] && exit 1
    sed -nE 's/^(onnxruntime[a-z-]*)==.*/\\1/p' "$file" | while read -r name; do touch "$shelf/$name"; done ;;
esac
"""


@pytest.fixture
def set_up(tmp_path: Path) -> Callable[..., set[str]]:
    """Run the script beside the real lists of packages; returns which builds of ONNX Runtime are there then."""
    place = tmp_path / "program"
    python = place / ".venv" / "bin" / "python"
    packages = place / ".venv" / "packages"
    for folder in (python.parent, packages, place / "scripts", tmp_path / "gpu"):
        folder.mkdir(parents=True)
    for name in ("engines/builtin", "pipeline/postprocess", "utils"):
        (place / name).mkdir(parents=True)
    for name in ("setup_env.sh", "help.sh"):
        shutil.copy(ROOT / "scripts" / name, place / "scripts")
    (place / "scripts" / "compile_loops.py").touch()
    for path in ROOT.glob("requirements*.txt"):
        shutil.copy(path, place)
    for program, text in ((python, PYTHON), (tmp_path / "gpu" / "nvidia-smi", "#!/bin/sh\n")):
        program.write_text(text)
        program.chmod(0o755)

    def run(*, gpu: bool, broken: str = "", updated: str = "") -> set[str]:
        if updated:
            with (place / updated).open("a") as stream:
                stream.write("# newer\n")
        path = f"{tmp_path / 'gpu'}:{os.environ['PATH']}" if gpu else os.environ["PATH"]
        done = subprocess.run(
            ["bash", str(place / "scripts" / "setup_env.sh")],
            env={**os.environ, "PATH": path, "BROKEN": broken},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == (broken == ""), done.stderr
        return {path.name for path in packages.iterdir()}

    return run


@pytest.fixture
def without_gpu() -> None:
    if shutil.which("nvidia-smi") is not None:
        pytest.skip("this machine has nvidia-smi")


@pytest.mark.usefixtures("without_gpu")
def test_a_machine_without_a_gpu_has_the_plain_build(set_up: Callable[..., set[str]]) -> None:
    assert set_up(gpu=False) == {"onnxruntime"}


@pytest.mark.usefixtures("without_gpu")
def test_a_gpu_s_build_takes_the_plain_one_s_place(set_up: Callable[..., set[str]]) -> None:
    assert set_up(gpu=False) == {"onnxruntime"}
    assert set_up(gpu=True) == {"onnxruntime-gpu"}
    assert set_up(gpu=True) == {"onnxruntime-gpu"}


def test_a_gpu_s_build_that_could_not_be_fetched_is_fetched_the_next_time(
    set_up: Callable[..., set[str]],
) -> None:
    """The plain build was removed then, and nothing put either back: no engine on an ONNX network could run."""
    assert set_up(gpu=True, broken="requirements-gpu.txt") == set()
    assert set_up(gpu=True) == {"onnxruntime-gpu"}


@pytest.mark.parametrize("updated", ["requirements.txt", "requirements-gpu.txt"])
def test_an_update_leaves_the_gpu_s_build_alone_there(
    set_up: Callable[..., set[str]], updated: str
) -> None:
    set_up(gpu=True)
    assert set_up(gpu=True, updated=updated) == {"onnxruntime-gpu"}


@pytest.mark.usefixtures("without_gpu")
def test_an_update_while_the_gpu_is_away_does_not_put_the_plain_build_over_the_other(
    set_up: Callable[..., set[str]],
) -> None:
    set_up(gpu=True)
    assert set_up(gpu=False, updated="requirements.txt") == {"onnxruntime"}
    assert set_up(gpu=True) == {"onnxruntime-gpu"}


@pytest.mark.usefixtures("without_gpu")
def test_a_gpu_that_goes_before_its_build_came_leaves_the_plain_build(
    set_up: Callable[..., set[str]],
) -> None:
    set_up(gpu=True, broken="requirements-gpu.txt")
    assert set_up(gpu=False) == {"onnxruntime"}
