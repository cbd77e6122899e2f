"""At the command line: hostile masks, and values no user would type."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.bad_inputs.command_runner import CommandRunner

SIZE = (96, 64)


def png_of(size_wh: tuple[int, int], rows: bytes, depth: int = 8) -> bytes:
    """A grey PNG of that size around any compressed rows."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", *size_wh, depth, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def bomb() -> bytes:
    side = 30_000
    return png_of((side, side), zlib.compress(bytes((side // 8 + 1) * side), 9), depth=1)


def grey(value: int, size_wh: tuple[int, int] = SIZE) -> Callable[[Path], None]:
    return lambda path: Image.new("L", size_wh, value).save(path)


def content(make: Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(make())


def half_a_png(path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0]), np.uint8)
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:900])


def rows_bomb() -> bytes:
    """The right size in the header, and a gigabyte of rows behind it."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    rows = b"".join(packer.compress(block) for _ in range(256)) + packer.flush()
    return png_of(SIZE, rows)


MASKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "bomb": (content(bomb), "prompt.mask_size"),
    "other size": (grey(255, (64, 90)), "prompt.mask_size"),
    "turned": (grey(255, (64, 96)), "prompt.mask_turned"),
    "all zero": (grey(0), "prompt.mask_empty"),
    "all one": (grey(255), "prompt.mask_full"),
    "one grey": (grey(127), "prompt.mask_full"),
    "empty file": (lambda path: path.touch(), "prompt.mask_unreadable"),
    "text": (lambda path: path.write_text("<svg/>"), "prompt.mask_text"),
    "cut in its signature": (lambda path: path.write_bytes(b"\x89PNG"), "prompt.mask_unreadable"),
    "jpeg": (lambda path: Image.new("L", SIZE).save(path, format="JPEG"), "prompt.mask_other_kind"),
    "cut off": (half_a_png, "prompt.mask_unreadable"),
    "header only": (content(lambda: png_of(SIZE, b"")[:33]), "prompt.mask_unreadable"),
    "rubbish rows": (content(lambda: png_of(SIZE, b"rubbish")), "prompt.mask_unreadable"),
    "rows of a bomb": (content(rows_bomb), "prompt.mask_empty"),
    "folder": (lambda path: path.mkdir(), "prompt.mask_unreadable"),
    "missing": (lambda path: None, "prompt.mask_no_file"),
    "fifo": (os.mkfifo, "prompt.mask_unreadable"),
    "link": (lambda path: path.symlink_to("/etc/passwd"), "prompt.mask_text"),
}


@pytest.mark.parametrize("row", MASKS)
def test_a_mask_that_cannot_select_is_refused(command: CommandRunner, good: Path, row: str) -> None:
    make, code = MASKS[row]
    mask = command.folder / "mask.png"
    make(mask)
    before = psutil.Process().memory_info().rss
    line = command.refused(
        code,
        "matte",
        good / "clip.mp4",
        "--mask",
        mask,
        "--engine",
        "builtin",
        "--out",
        command.out,
    )
    if code == "prompt.mask_size":
        assert "the clip 96x64" in line
    if row == "bomb":
        assert "30000x30000" in line
    assert psutil.Process().memory_info().rss - before < 200e6


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_usual_kind_of_mask_png_is_taken(
    command: CommandRunner, good: Path, mode: str
) -> None:
    picture = Image.open(good / "mask.png").convert("L")
    if mode == "I;16":
        mask = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    elif mode in ("RGBA", "LA"):
        mask = Image.new(mode[:-1], SIZE, "white")
        mask.putalpha(picture)
    else:
        mask = picture.convert(mode)
    mask.save(command.folder / "mask.png")
    code, _, error = command.run(
        "matte", good / "clip.mp4", "--mask", command.folder / "mask.png", "--engine", "builtin",
        "--last", "0", "--outputs", "png", "--out", command.out,
    )  # fmt: skip
    assert code == 0, error
    alpha = np.asarray(Image.open(command.out / "alpha" / "000000.png")) > 127
    truth = np.asarray(picture) > 127
    assert (alpha & truth).sum() / (alpha | truth).sum() > 0.8


VALUES: dict[str, tuple[list[str], str]] = {
    "frame -1": (["--frame", "-1"], "job.frame_range"),
    "frame 1e9": (["--frame", "1000000000"], "job.frame_range"),
    "frame beyond any int": (["--frame", "9" * 30], "job.frame_range"),
    "first -5": (["--first", "-5"], "job.range"),
    "last before first": (["--first", "4", "--last", "2"], "job.range"),
    "start outside": (["--frame", "0", "--first", "3"], "job.start_outside_range"),
    "grow nan": (["--grow", "nan"], "job.value"),
    "grow inf": (["--grow", "inf"], "job.value"),
    "feather -1": (["--feather", "-1"], "job.value"),
    "output with a path": (["--outputs", "../../etc/passwd"], "job.output_unknown"),
    "no output": (["--outputs", ","], "job.no_output"),
    "background as a filter": (["--background", "#00FF00,movie=/etc/passwd"], "job.colour"),
    "background picture of nobody": (["--preview-background", "/etc/passwd"], "job.colour"),
    "background picture that is not there": (["--background", "picture"], "job.no_picture"),
    "option of nobody": (["--option", "__class__=1"], "engine.option_unknown"),
    "option without a value": (["--option", "x"], "job.value"),
}


@pytest.mark.parametrize("row", VALUES)
def test_a_value_out_of_range_is_refused(command: CommandRunner, good: Path, row: str) -> None:
    arguments, code = VALUES[row]
    command.refused(
        code, "matte", good / "clip.mp4", "--mask", good / "mask.png", "--engine", "builtin",
        "--out", command.out, *arguments,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["--point", "inf,2"],
        ["--point", "1;2"],
        ["--box", "nan,0,10,10"],
        ["--engine", "../builtin"],
        ["--frame", "1.5"],
        ["--unknown"],
    ],
)
def test_an_argument_of_another_kind_is_one_line(
    command: CommandRunner, good: Path, arguments: list[str]
) -> None:
    before = command.sessions()
    code, out, error = command.run(
        "matte", good / "clip.mp4", "--mask", good / "mask.png", "--out", command.out, *arguments
    )
    assert (code, out) == (2, "")
    assert len(error.splitlines()) == 1
    assert "--help" in error
    command.assert_untouched(before)


def test_an_output_folder_that_cannot_be_is_said_before_any_work(
    command: CommandRunner, good: Path
) -> None:
    (command.folder / "file").write_text("x")
    in_proc = Path("/proc/splazmatte/below")  # where root may write, and yet nobody can
    for out in (command.folder / "file", command.folder / "file" / "below", in_proc):
        command.refused(
            "job.folder_unusable", "matte", good / "clip.mp4", "--mask", good / "mask.png",
            "--engine", "builtin", "--out", out,
        )  # fmt: skip


def test_what_is_named_for_files_is_told_apart(command: CommandRunner, good: Path) -> None:
    """Another session's files were replaced; a picture that is not there was called one of a wrong kind."""
    (theirs,) = command.store
    clip, box = good / "clip.mp4", ("--box", "5,5,60,50")
    command.refused("job.folder_of_sessions", "matte", clip, *box, "--out", theirs.folder)
    command.refused(
        "job.folder_of_sessions", "versions", theirs.id, "--export", "1", "--out", theirs.folder
    )
    command.refused("job.out_alone", "versions", theirs.id, "--out", command.out)
    command.refused("job.export_folder", "versions", theirs.id, "--export", "1")
    command.refused("job.dry_run", "sessions", "--dry-run")
    command.refused("job.output_is_folder", "segment", clip, *box, "-o", _folder(command))
    plate = ("--clean-plate", "nothing.png", "--engine", "builtin")
    command.refused("job.picture_no_file", "matte", clip, *box, *plate, "--out", command.out)
    line = command.refused("prompt.none_given", "segment", clip, "-o", command.folder / "m.png")
    assert "--box" in line and "--mask" not in line and "--everyone" not in line


def _folder(command: CommandRunner) -> Path:
    path = command.folder / "folder.png"
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"SPLAZMATTE_PORT": "99999"}, "SPLAZMATTE_PORT"),
        ({"SPLAZMATTE_MAX_DURATION_S": "nan"}, "SPLAZMATTE_MAX_DURATION_S"),
        ({"SPLAZMATTE_MAX_FPS": "inf"}, "SPLAZMATTE_MAX_FPS"),
        ({"SPLAZMATTE_FORMATS": '["mp4", "exe"]'}, "SPLAZMATTE_FORMATS[1]: "),
        ({"SPLAZMATTE_ALLOWED_HOSTS": "matte.lan"}, "SPLAZMATTE_ALLOWED_HOSTS is not JSON"),
        ({"SPLAZMATTE_STOP_GRACE_S": "100"}, "SPLAZMATTE_STOP_GRACE_S"),
        ({"SPLAZMATTE_MAX_SHORT_SIDE": "4000"}, "SPLAZMATTE_MAX_SHORT_SIDE"),
        ({"SPLAZMATTE_BROKER": "redis://:12#ab@queue.lan:6379/0"}, "%23 for @, /, : and #"),
        ({"SPLAZMATTE_BROKER": "redis://:12/ab@queue.lan:6379/0"}, "SPLAZMATTE_BROKER"),
        ({"SPLAZMATTE_BROKER": "redis://queue.lan:abc/0"}, "SPLAZMATTE_BROKER"),
    ],
)
def test_a_setting_out_of_range_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], limits, named: str
) -> None:
    from app import build_orchestrator
    from config import Settings
    from ui.command_line.cli import main

    for name, value in limits.items():
        monkeypatch.setenv(name, value)
    code = main(["sessions"], lambda: Settings(_env_file=None), build_orchestrator, lambda _: None)
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    assert named in line
    assert "12" not in line.replace("127.0.0.1", ""), "a password was told"


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("MAX_UPLOAD_BYTES", "5GB", ("“5GB”", "whole number", "unit")),
        ("RETENTION_HOURS", "24 # a day", ("“24 # a day”", "a number", "comment")),
        ("RETENTION_HOURS", "0", ("“0”", "greater than 0")),
        ("LANGUAGE", "fr", ("“fr”", "'auto', 'en' or 'zh'")),
        ("QUICK_PREVIEW", "maybe", ("“maybe”", "true or false")),
        ("FORMATS", '"mp4"', ('a list: \'["a", "b"]\'',)),
        ("REMOTE_PRICES", "3", ("a table: '{\"a\": 1}'",)),
        ("REMOTE_WEBHOOK_URL", "matte.lan", ("https://matte.example.com",)),
        ("OBJECT_PREFIX", "a b", ("letters a to z",)),
        ("MAX_SHORT_SIDE", "4000", ("4000", "SPLAZMATTE_MAX_LONG_SIDE, which is 1920", "set both")),
        (
            "REMOTE_BASES",
            '{"self-hosted": "10.0.0.5:8700"}',
            ("self-hosted", "http://10.0.0.5:8700"),
        ),
        ("REMOTE_PRICES", '{"fal": -1}', ("fal", "0 or more")),
        ("REMOTE_PRICES", '{"fal": "free"}', ("[fal]", "“free”", "a number")),
        ("ALLOWED_HOSTS", '["http://matte.lan:7860"]', ("matte.lan", "without http://")),
        ("ALLOWED_HOSTS", '["*.lan"]', ("wildcard",)),
        ("TRUSTED_PROXIES", '["proxy.lan"]', ("IP address",)),
        ("TRUSTED_PROXIES", '["10.0.0.5/8"]', ("10.0.0.0/8",)),
    ],
)
def test_a_setting_that_cannot_be_used_says_its_value_and_what_to_write(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, parts: tuple[str, ...]
) -> None:
    """They were pydantic's words ("valid tuple", a regular expression); a wrong host or proxy had no effect."""
    from config import Settings
    from ui.command_line.settings_problems import settings_problem

    monkeypatch.setenv(f"SPLAZMATTE_{name}", value)
    with pytest.raises(ValueError, match=r"\S") as raised:
        Settings(_env_file=None)
    line = settings_problem(raised.value)
    assert line.startswith(f"SPLAZMATTE_{name}")
    for part in parts:
        assert part in line
    for word in ("Input should", "Value error", "parse", "tuple", "dictionary", "pattern"):
        assert word not in line


def test_hosts_and_proxies_as_documented_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from config import Settings

    monkeypatch.setenv("SPLAZMATTE_ALLOWED_HOSTS", '["matte.lan", "matte_2", "192.168.1.5"]')
    monkeypatch.setenv("SPLAZMATTE_TRUSTED_PROXIES", '["127.0.0.1", "::1", "10.0.0.0/8", "*"]')
    settings = Settings(_env_file=None)
    assert len(settings.allowed_hosts) == 3
    assert len(settings.trusted_proxies) == 4


def test_a_password_in_a_refused_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    from config import Settings
    from ui.command_line.settings_problems import settings_problem

    monkeypatch.setenv("SPLAZMATTE_OBJECT_ENDPOINT", "https://key:geheim@store.lan")
    monkeypatch.setenv("SPLAZMATTE_BROKER", "redis:geheim")
    with pytest.raises(ValueError, match=r"\S") as raised:
        Settings(_env_file=None)
    assert "geheim" not in settings_problem(raised.value)


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a compose file names a variable that nobody gave a value."""
    from config import Settings

    names = ("workspace_dir", "password", "port", "ffmpeg_path", "broker", "formats")
    for name in names:
        monkeypatch.setenv(f"SPLAZMATTE_{name.upper()}", "")
    settings = Settings(_env_file=None)
    assert [getattr(settings, name) for name in names] == [
        Settings.model_fields[name].default for name in names
    ]


def test_an_engine_that_a_table_of_the_settings_misspells_is_mentioned() -> None:
    """An address of a gateway was without effect there: the clip went to the service itself."""
    from config import Settings
    from ui.command_line.settings_problems import unknown_engines

    tables = {"remote_bases": {"self_hosted": "http://x"}, "remote_prices": {"fal": 1.0, "qq": 1.0}}
    settings = Settings(_env_file=None, **tables)
    first, second = unknown_engines(settings, ("fal", "self-hosted"))
    assert "SPLAZMATTE_REMOTE_BASES" in first and "“self-hosted” may be meant" in first
    assert second.endswith("SPLAZMATTE_REMOTE_PRICES names no engine by “qq”")


def test_a_misspelt_setting_in_the_file_is_mentioned_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only variables of the environment were looked at."""
    from app import build_orchestrator
    from config import Settings
    from ui.command_line.cli import main

    file = tmp_path / ".env"
    file.write_bytes(
        b"\xef\xbb\xbfexport SPLAZMATTE_MAX_DURATON_S=9\r\n# SPLAZMATTE_PROT=1\r\nSPLAZMATTE_PORT=7861\r\n"
    )
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    settings = Settings(workspace_dir=tmp_path)
    assert settings.port == 7861
    assert main(["sessions"], lambda: settings, build_orchestrator, lambda _: None) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "warning: SPLAZMATTE_MAX_DURATON_S is no setting; SPLAZMATTE_MAX_DURATION_S may be meant"
    ]


def test_a_misspelt_setting_is_mentioned_and_variables_of_scripts_are_not() -> None:
    from config import Settings
    from ui.command_line.settings_problems import misspelt

    root = Path(__file__).parents[2]
    texts = [
        path.read_text(encoding="utf-8") for path in (root / "scripts").iterdir() if path.is_file()
    ]
    texts += [path.read_text(encoding="utf-8") for path in (root / "docs").glob("*.md")]
    documented = set(re.findall(r"SPLAZMATTE_[A-Z0-9_]*[A-Z0-9]", "".join(texts)))
    assert len(documented) > 30
    assert misspelt(documented, Settings.model_fields) == []
    (line,) = misspelt(["SPLAZMATTE_MAX_DURATON_S", "PATH"], Settings.model_fields)
    assert "SPLAZMATTE_MAX_DURATON_S is no setting; SPLAZMATTE_MAX_DURATION_S may be meant" in line


@pytest.mark.parametrize(
    ("given", "meant"),
    [("LEASE", "LEASE_S"), ("MAX_UPLOAD", "MAX_UPLOAD_BYTES"), ("RETENTION", "RETENTION_HOURS")],
)
def test_a_setting_without_its_unit_is_mentioned(given: str, meant: str) -> None:
    """SPLAZMATTE_MAX_UPLOAD was without effect, and nothing said so."""
    from config import Settings
    from ui.command_line.settings_problems import misspelt

    (line,) = misspelt([f"SPLAZMATTE_{given}"], Settings.model_fields)
    assert f"SPLAZMATTE_{given} is no setting; SPLAZMATTE_{meant} may be meant" in line
