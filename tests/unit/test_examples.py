"""The files of docs/examples fit the program: their settings exist, and an image holds no secrets, sessions or weights."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from config import Settings
from ui.command_line.settings_problems import misspelt

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


def test_settings_of_the_examples_exist() -> None:
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLES.iterdir() if path.is_file()]
    names = set(re.findall(r"SPLAZMATTE_[A-Z0-9_]*[A-Z0-9]", "".join(texts)))
    assert len(names) >= 8
    assert misspelt(names, Settings.model_fields) == []


def test_an_image_takes_nothing_along_that_git_leaves_out() -> None:
    """`COPY . .` put remote_keys, .env, the sessions and the weights of a used checkout into the image."""
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    patterns = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    for pattern in patterns:
        if pattern.startswith("!"):
            continue
        name = pattern.removesuffix("*").strip("/") if pattern != "*.pyc" else pattern
        name = ".venv-*" if name == ".venv-" else name
        found = {name, f"**/{name}", f"**/{name.rsplit('/', 1)[-1]}"}
        assert found & set(left_out), f"{pattern} is not in .dockerignore"
    assert ".git" in left_out
    # Docker, unlike git, takes ".env" for one at the root alone; compose reads passwords from docs/examples/.env.
    assert "**/.env" in left_out


def test_the_proxy_lets_the_largest_upload_through() -> None:
    text = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    largest = re.search(r"client_max_body_size (\d+)m;", text)
    assert largest is not None
    assert int(largest[1]) * 1024**2 > Settings.model_fields["max_upload_bytes"].default


def test_the_proxy_passes_the_port_of_the_host_on() -> None:
    """Behind another port than 443 or 80 the page's own requests were refused as those of another site: no styles, no page."""
    text = (EXAMPLES / "splazmatte_proxy.conf").read_text(encoding="utf-8")
    (host,) = re.findall(r"^proxy_set_header Host (\S+);", text, re.MULTILINE)
    assert host == "$http_host"


@pytest.mark.parametrize("option", ["--models", "--gpu", "--workers", "--dev"])
def test_set_up_knows_its_options(option: str) -> None:
    text = (ROOT / "scripts" / "setup_env.sh").read_text(encoding="utf-8")
    assert f"    {option})" in text
    usage = subprocess.run(
        ["bash", str(ROOT / "scripts" / "setup_env.sh"), "--nothing"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert usage.returncode == 2
    assert f"[{option}]" in usage.stderr
