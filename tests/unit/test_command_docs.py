"""The commands of the documents: the Chinese ones have the same as the English ones."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAIRS = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
         if path.with_suffix(".zh-CN.md").is_file()]  # fmt: skip


def commands(path: Path) -> Counter[str]:
    """Return the command lines in code blocks by what names them: command and options, without values."""
    found: Counter[str] = Counter()
    for block in re.findall(r"```\w*\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
        for line in re.findall(r"^(?:\S+=\S+ )*((?:python app\.py|bash) .*)$", block, re.MULTILINE):
            words = re.sub(r"\s+#\s.*", "", line)
            options = sorted(set(re.findall(r" (-{1,2}[a-z][a-z-]*)", words)) - {"--language"})
            found[" ".join([*words.split()[:3], *options])] += 1
    return found


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_both_languages_have_the_same_commands(path: Path) -> None:
    assert commands(path.with_suffix(".zh-CN.md")) == commands(path)
