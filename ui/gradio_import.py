"""Imports Gradio without the type stubs that it writes beside its components at each import; must not import it itself."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_WRITER = "gradio.component_meta"


@contextlib.contextmanager
def without_type_stubs() -> Iterator[None]:
    """Let an import of Gradio in the `with` block write no stubs.

    They are for editors. Reading the components' source for them was half of the import's processor time.
    """
    finder = _WriterFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _WriterFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _WRITER:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_without_writing(module: ModuleType) -> None:
            execute(module)
            module.create_or_modify_pyi = _write_nothing  # type: ignore[attr-defined]

        spec.loader.exec_module = execute_without_writing  # type: ignore[method-assign]
        return spec


def _write_nothing(*_: object) -> None:
    pass
