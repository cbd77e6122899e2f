"""Rules of the code that import-linter can't see."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from engines.registry import ENGINES
from utils.messages import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"pipeline", "engines", "ui", "utils"}


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Everything in the file; its module comes first."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module", autouse=True)
def _parsed_once() -> Iterator[None]:
    yield
    nodes_of.cache_clear()


@cache
def imports_of(path: Path, *, top_level_only: bool = False) -> set[str]:
    nodes = nodes_of(path)
    if top_level_only:
        nodes = nodes[0].body
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@cache
def modules_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def sources(*packages: str) -> list[Path]:
    found = {package: sorted((ROOT / package).rglob("*.py")) for package in packages}
    assert all(found.values()), "a package that is not there has nothing to check"
    return [path for package in packages for path in found[package]]


def test_config_imports_no_package_of_ours() -> None:
    assert not imports_of(ROOT / "config.py") & (PACKAGES | {"torch", "gradio"})


@pytest.mark.parametrize("command", [["--help"], ["matte", "--help"]])
def test_help_loads_neither_torch_nor_gradio_and_numpy_without_threads(command: list[str]) -> None:
    script = (
        "import os, sys, runpy\n"
        f"sys.argv = ['app.py', *{command!r}]\n"
        "try:\n    runpy.run_path('app.py', run_name='__main__')\n"
        "except SystemExit as done:\n    assert not done.code, done.code\n"
        "heavy = {'torch', 'gradio', 'transformers', 'diffusers', 'cv2', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import numpy\n"
        "assert len(os.listdir('/proc/self/task')) == 1\n"
    )
    given = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_what_only_workers_need_is_imported_where_it_is_used() -> None:
    optional = {"celery", "kombu", "redis", "boto3", "botocore"}
    for path in sources("pipeline", "engines", "ui", "utils"):
        assert not imports_of(path, top_level_only=True) & optional, path


def test_the_page_never_touches_pixels_files_or_processes() -> None:
    for path in sources("ui"):
        assert not imports_of(path) & {"torch", "cv2", "subprocess"}, path
        calls = [
            node
            for node in nodes_of(path)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "open"
        ]
        assert not calls, path


def test_the_pipeline_knows_neither_torch_nor_gradio() -> None:
    for path in sources("pipeline"):
        assert not imports_of(path) & {"torch", "gradio", "transformers", "diffusers"}, path


def test_engines_load_no_model_library_at_import() -> None:
    heavy = {"torch", "transformers", "diffusers", "gradio"}
    for path in sources("engines"):
        if path.parent in (ROOT / "engines", ROOT / "engines" / "base"):
            assert not imports_of(path, top_level_only=True) & heavy, path


def test_no_engine_imports_another() -> None:
    folders = {path.parent for path in (ROOT / "engines").glob("*/engine.py")}
    assert len(folders) >= 4
    for folder in folders:
        others = tuple(f"engines.{other.name}" for other in folders - {folder})
        for path in sorted(folder.rglob("*.py")):
            for name in modules_of(path):
                assert not name.startswith(others), (path, name)


def test_only_video_io_process_engines_and_the_list_of_cards_run_processes() -> None:
    others = (
        ROOT / "engines" / "process" / "connection.py",
        ROOT / "pipeline" / "workers" / "cards.py",
    )
    for path in sources("pipeline", "engines", "ui", "utils"):
        if "video_io" not in path.parts and path not in others:
            assert "subprocess" not in imports_of(path), path


def test_nothing_in_page_or_pipeline_names_a_vendor_model() -> None:
    for path in sources("pipeline"):
        text = path.read_text(encoding="utf-8").lower()
        assert "sam 3" not in text, path
        assert "sam3" not in text, path


def test_no_engine_is_named_outside_its_folder_and_the_registry() -> None:
    for path in [*sources("pipeline", "ui", "utils"), ROOT / "app.py"]:
        for node in nodes_of(path):
            assert not isinstance(node, ast.Constant) or node.value not in ENGINES, path
    for name, place in ENGINES.items():
        module = import_module(place.partition(":")[0])
        assert getattr(module, place.partition(":")[2]).name == name


def test_every_text_has_both_languages_and_the_same_values() -> None:
    import string

    for code, text in CATALOGUE.items():
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(template) if name}
            for template in (text.en, text.zh)
        ]
        assert text.en.strip(), code
        assert text.zh.strip(), code
        assert fields[0] == fields[1], code


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    for path in [*sources("pipeline", "engines", "ui", "utils"), ROOT / "app.py"]:
        for node in nodes_of(path):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            known = {
                "BadUpload", "UnusablePrompt", "BadRequest", "SessionError", "NotEnoughDisk",
                "DiskDenied",                "EngineUnavailable", "ModelFilesError", "OutOfGpuMemory", "GpuUnhealthy",
                "EngineError", "FfmpegFailed", "ServiceFailed", "Message",
            }  # fmt: skip
            first = node.args[0] if node.args else None
            if node.func.id in known and isinstance(first, ast.Constant):
                assert first.value in CATALOGUE, (path, node.lineno, first.value)
