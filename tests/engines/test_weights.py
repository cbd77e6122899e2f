"""Model files: what is missing, damaged or not what it should be is told before anything loads."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.weights import (
    FileVerifier,
    check_loading_info,
    missing_files,
    read_safetensors_header,
    safetensors_bytes,
    sha256_of,
    write_receipt,
)
from utils.errors import ModelFilesError

COMMAND = "bash scripts/download_models.sh thing"


def write_safetensors(path: Path, header: dict | bytes, data: bytes) -> Path:
    body = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(body)) + body + data)
    return path


def entry(start: int, stop: int, shape: list[int], dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    header = {
        "__metadata__": {"format": "pt"},
        "a": entry(0, 24, [2, 3]),
        "b": entry(24, 28, [2], "F16"),
    }
    return write_safetensors(tmp_path / "model.safetensors", header, bytes(28))


def test_header_gives_the_tensors(good):
    tensors = read_safetensors_header(good, COMMAND)
    assert tensors["a"].shape == (2, 3)
    assert tensors["b"].size_bytes == 4
    assert safetensors_bytes(good, 2, COMMAND) == (6 + 2) * 2


@pytest.mark.parametrize(
    ("header", "data"),
    [
        ({"a": entry(0, 24, [2, 3])}, bytes(23)),
        ({"a": entry(0, 24, [2, 3])}, bytes(25)),
        ({"a": entry(0, 20, [2, 3])}, bytes(20)),
        ({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, bytes(12)),
        ({"a": entry(4, 12, [2])}, bytes(12)),
        ({"a": entry(0, 8, [2], "F99")}, bytes(8)),
        ({"a": {"dtype": "F32"}}, bytes(8)),
        (b"[1, 2]", b""),
        (b"not json", b""),
        (b"{" * 5000, b""),
    ],
)
def test_header_that_does_not_fit_its_file_is_refused(tmp_path, header, data):
    path = write_safetensors(tmp_path / "model.safetensors", header, data)
    with pytest.raises(ModelFilesError) as caught:
        read_safetensors_header(path, COMMAND)
    assert str(path) in caught.value.user_message
    assert COMMAND in caught.value.user_message


@pytest.mark.parametrize("claim", [1 << 62, 200_000_000, 40])
def test_header_longer_than_the_file_is_refused_without_reading_it(tmp_path, claim):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", claim) + b"{}")
    with pytest.raises(ModelFilesError, match="its header claims"):
        read_safetensors_header(path, COMMAND)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_with_the_users_error_or_read(tmp_path, data):
    path = tmp_path / "random.safetensors"
    path.write_bytes(data)
    try:
        read_safetensors_header(path, COMMAND)
    except ModelFilesError:
        return
    assert len(data) >= 8


def test_missing_and_empty_files_are_named(tmp_path):
    (tmp_path / "empty.json").touch()
    (tmp_path / "full.json").write_text("{}")
    assert missing_files(tmp_path, ["full.json", "empty.json", "no.json"]) == [
        "empty.json",
        "no.json",
    ]
    with pytest.raises(ModelFilesError, match=r"no\.json"):
        FileVerifier("thing", COMMAND).verify(tmp_path, ["no.json"])


def test_receipt_tells_damage_that_no_header_shows(good):
    write_receipt(good.parent, [good.name])
    verifier = FileVerifier("thing", COMMAND)
    verifier.verify(good.parent, [good.name])
    data = bytearray(good.read_bytes())
    data[-3] ^= 1
    good.write_bytes(data)
    with pytest.raises(ModelFilesError, match="sha256"):
        verifier.verify(good.parent, [good.name])


def test_size_is_compared_before_anything_is_hashed(good, monkeypatch):
    write_receipt(good.parent, [good.name])
    receipt = good.parent / "receipt.json"
    receipt.write_text(receipt.read_text().replace(str(good.stat().st_size), "12345"))
    monkeypatch.setattr("engines.weights.sha256_of", lambda path: pytest.fail("hashed"))
    with pytest.raises(ModelFilesError, match="instead of 12345"):
        FileVerifier("thing", COMMAND).verify(good.parent, [good.name])


def test_unchanged_file_is_hashed_once(good, monkeypatch):
    write_receipt(good.parent, [good.name])
    hashed = []
    monkeypatch.setattr(
        "engines.weights.sha256_of", lambda path: hashed.append(path) or sha256_of(path)
    )
    verifier = FileVerifier("thing", COMMAND)
    for _ in range(3):
        verifier.verify(good.parent, [good.name])
    assert len(hashed) == 1


def test_published_figures_hold_where_there_is_no_receipt(good, tmp_path, monkeypatch):
    pinned = tmp_path / "pinned.json"
    files = {good.name: {"sha256": "0" * 64}}
    pinned.write_text(json.dumps({"models": {"thing": {"files": files}}}))
    monkeypatch.setattr("engines.weights_manifest.PINNED_PATH", pinned)
    with pytest.raises(ModelFilesError, match="sha256"):
        FileVerifier("thing", COMMAND).verify(good.parent, [good.name])
    write_receipt(good.parent, [good.name])
    FileVerifier("thing", COMMAND).verify(good.parent, [good.name])


def test_file_may_be_any_of_those_that_its_sources_hold(good, tmp_path, monkeypatch):
    pinned = tmp_path / "pinned.json"
    sources = [{"release": "x", "md5": "0" * 32}, {"npm": "y", "sha256": sha256_of(good)}]
    pinned.write_text(
        json.dumps({"models": {"thing": {"files": {good.name: {"sources": sources}}}}})
    )
    monkeypatch.setattr("engines.weights_manifest.PINNED_PATH", pinned)
    FileVerifier("thing", COMMAND).verify(good.parent, [good.name])
    good.write_bytes(good.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelFilesError, match="sha256"):
        FileVerifier("thing", COMMAND).verify(good.parent, [good.name])


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        ({"missing_keys": {"b", "a"}}, "2 keys missing, e.g. a"),
        ({"unexpected_keys": ["x"]}, "1 keys unexpected, e.g. x"),
        ({"mismatched_keys": [("w", (1,), (2,))]}, "of another shape"),
    ],
)
def test_keys_that_do_not_match_are_an_error(info, problem):
    with pytest.raises(ModelFilesError, match=problem):
        check_loading_info("model.safetensors", info, COMMAND)
    check_loading_info("model.safetensors", {"missing_keys": {"a"}}, COMMAND, allow_missing=["a"])
