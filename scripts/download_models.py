"""Fetch model weights; what there is to fetch is in engines/weights.json.

Runs on the standard library alone, so that a machine without the program's packages can fetch too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # where it is run as a module

from fetch.checks import digest_of
from fetch.half import is_half_of, to_half
from fetch.problems import NotThere, Refused
from fetch.sources import Arrived, fetch_file, sources_of
from fetch.transfer import Transfer, host_of, stored_token
from fetch.web import gate_steps, hub_endpoint

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "engines" / "weights.json"
GROUPS = {
    "all": "every model that is published",
    "commercial-clean": "those of them whose licence allows commercial use",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    models: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))["models"]
    options = _parser(models).parse_args(arguments)
    folder = options.models_dir or default_models_dir()
    if options.list:
        show_list(models, folder)
        return 0
    transfer = Transfer(stored_token(), host_of(hub_endpoint()), options.retry_wait)
    try:
        names = chosen(options.names, models)
        if options.is_there:
            here = (
                is_complete(folder / models[one]["folder"], models[one]["files"]) for one in names
            )
            return 0 if all(here) else 1
        if options.dry_run:
            for name in names:
                show_plan(models[name], folder, transfer)
            return 0
        if options.fp16 and not any(is_convertible(models[name]) for name in names):
            able = [name for name, model in models.items() if is_convertible(model)]
            raise Refused(f"--fp16 is for {', '.join(able)}: other models stay as they come.")
        return fetch_all(names, models, folder, transfer, options.fp16)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on where it stopped.", file=sys.stderr)
        return 130


def _parser(models: dict[str, Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="download_models.sh",
        description="Fetch model weights. Licences are shown before anything is fetched.",
    )
    names = ", ".join([*models, *(f"{name} ({what})" for name, what in GROUPS.items())])
    parser.add_argument("names", nargs="*", metavar="NAME", help=names)
    parser.add_argument("--list", action="store_true", help="show what there is and stop")
    parser.add_argument(
        "--is-there",
        action="store_true",
        help="exit with 0 where all are there, else 1; for scripts",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be fetched and stop"
    )
    parser.add_argument(
        "--fp16",
        action="store_true",
        help="keep VideoMaMa's weights in float16, as a GPU runs them: half the disk",
    )
    parser.add_argument("--models-dir", type=Path, default=None, help="default: models/")
    parser.add_argument(
        "--retry-wait", type=float, default=2.0, help="seconds before a first retry (default 2)"
    )
    return parser


def default_models_dir() -> Path:
    """Return the folder the program looks in: SPLAZMATTE_MODELS_DIR, also from .env, else models/."""
    value = os.environ.get("SPLAZMATTE_MODELS_DIR", "")
    env_file = ROOT / ".env"
    if not value and env_file.is_file():
        for line in env_file.read_text(encoding="utf-8").splitlines():
            key, _, text = line.partition("=")
            if key.strip() == "SPLAZMATTE_MODELS_DIR":
                value = text.strip().strip("\"'")
    return Path(value).expanduser().resolve() if value else ROOT / "models"


def chosen(names: list[str], models: dict[str, Any]) -> list[str]:
    """Return the models to fetch, with what they need, each once.

    Raises:
        Refused: nothing is named, or a name is unknown.
    """
    if not names:
        raise Refused(
            f"Name what to fetch: {', '.join(models)}, commercial-clean or all. --list shows more."
        )
    wanted: list[str] = []
    published = [name for name, model in models.items() if "export" not in model]
    for name in names:
        if name == "all":
            wanted += published
        elif name == "commercial-clean":
            wanted += [one for one in published if models[one]["commercial_use"]]
        elif name in models:
            wanted.append(name)
        else:
            raise Refused(
                f"There is no model “{name}”. Models: {', '.join(models)}, commercial-clean or all."
            )
    with_needs = [one for name in wanted for one in (name, *models[name].get("needs", ()))]
    return list(dict.fromkeys(with_needs))


def show_list(models: dict[str, Any], folder: Path) -> None:
    """Print every model: name, size, whether it is there, licence; and what fetches several of them."""
    width = max(map(len, models))
    for name, model in models.items():
        target = folder / model["folder"]
        here = "installed" if is_complete(target, model["files"]) else "not installed"
        gated = ", access on request" if model["gated"] else ""
        gated += ", to be exported" if "export" in model else ""
        use = "" if model["commercial_use"] else ", no commercial use"
        print(f"{name:{width}} {model['about_mb']:>5} MB  {here}{gated}{use}")
        print(f"{'':{width}} {model['label']}; {model['licence']}")
        print(f"{'':{width}} {model['licence_url']}")
    for name, what in GROUPS.items():
        size_mb = sum(models[one]["about_mb"] for one in chosen([name], models))
        print(f"{name:{width}} {size_mb:>5} MB  {what}")


def is_complete(target: Path, files: dict[str, Any]) -> bool:
    """Tell whether every file that is not optional is in the folder."""
    return all(
        entry.get("optional")
        or (target / name).is_file()
        or ("else" in entry and (target / entry["else"]).is_file())
        for name, entry in files.items()
    )


def show_plan(model: dict[str, Any], folder: Path, transfer: Transfer) -> None:
    """Print what would be fetched, and from where."""
    announce(model, folder)
    if "export" in model:
        print(f"  {export_steps(model)}")
        return
    for path, entry in model["files"].items():
        for source in sources_of(model, path, entry, transfer):
            address = getattr(source, "url", source.label)
            print(f"  would fetch {path} from {address}")


def announce(model: dict[str, Any], folder: Path) -> None:
    """Print a model's name, place, licence, and the way to it where it is gated."""
    print(f"{model['label']} → {folder / model['folder']}")
    print(f"  licence: {model['licence']}")
    print(f"  {model['licence_url']}")
    if model["gated"]:
        print("  access: " + " ".join(gate_steps(model["repo"])))


def export_steps(model: dict[str, Any]) -> str:
    """Return how to make the file of a model of which none is published."""
    given, name = model["export"], model["folder"]
    run = f".venv/bin/python -m scripts.export {name} --code FOLDER --checkpoint FILE"
    if "module" in given:
        run = f"PYTHON -m {given['module']} {name} --checkpoint FILE"
    return (
        f"{model['label']} is no download: {next(iter(model['files']))} is made of its project's weights. Get "
        f"what it is made with ({given['code']}) and the checkpoint ({given['checkpoint']}); then run: {run}"
    )


def is_convertible(model: dict[str, Any]) -> bool:
    """Tell whether a model has files that `--fp16` rewrites."""
    return any(entry.get("halves") for entry in model["files"].values())


def fetch_all(
    names: list[str],
    models: dict[str, Any],
    folder: Path,
    transfer: Transfer,
    fp16: bool = False,
) -> int:
    """Fetch the models; one that can't be had does not stop the others. Returns the exit code."""
    missing: list[str] = []
    for name in names:
        try:
            fetch_model(models[name], folder, transfer, fp16)
        except Refused as refusal:
            print(refusal, file=sys.stderr, flush=True)
            missing.append(name)
    if missing and len(names) > 1:
        print(
            f"{len(names) - len(missing)} of {len(names)} models are there. Still missing: "
            f"{', '.join(missing)}. Again: bash scripts/download_models.sh {' '.join(missing)}",
            file=sys.stderr,
        )
    return 2 if missing else 0


def fetch_model(
    model: dict[str, Any], folder: Path, transfer: Transfer, fp16: bool = False
) -> None:
    """Fetch one model's files into its folder and note what was verified.

    Args:
        fp16: rewrite those files in float16 that may be; what was rewritten before is kept either way.

    Raises:
        Refused: a file can't be had.
    """
    announce(model, folder)
    target = folder / model["folder"]
    if "export" in model:
        if is_complete(target, model["files"]):
            print("  already there", flush=True)
            return
        raise Refused(export_steps(model))
    receipt: dict[str, Any] = {"files": {}, "sources": {}}
    known = read_receipt(target)
    for path, entry in model["files"].items():
        record = known.get("files", {}).get(path, {})
        if entry.get("halves") and is_half_of(target / path, record, entry.get("sha256", "")):
            print(f"  {path}: already there, in float16", flush=True)
            receipt["files"][path] = record
            receipt["sources"] |= known.get("sources", {})
            receipt |= {"commit": known["commit"]} if "commit" in known else {}
            continue
        fetched = fetch_first(model, target, path, entry, transfer)
        if fetched is None:
            continue
        stored, arrived = fetched
        if fp16 and entry.get("halves"):
            receipt["files"][stored] = to_half(target / stored)
            print(f"  {path}: rewritten in float16 and compared", flush=True)
        else:
            size = (target / stored).stat().st_size
            sha256 = digest_of(target / stored, "sha256")
            receipt["files"][stored] = {"size": size, "sha256": sha256}
        receipt["sources"] |= {stored: arrived.source} if arrived.source else {}
        receipt |= {"commit": arrived.commit} if arrived.commit else {}
    write_receipt(target, receipt)


def fetch_first(
    model: dict[str, Any], target: Path, path: str, entry: dict[str, Any], transfer: Transfer
) -> tuple[str, Arrived] | None:
    """Fetch a file, or the one that stands in for it.

    Returns:
        The stored name and how it came; None where an optional file is nowhere.
    """
    for candidate in filter(None, (path, entry.get("else"))):
        known = entry if candidate == path else {}
        try:
            return candidate, fetch_file(
                target / candidate, sources_of(model, candidate, known, transfer), transfer
            )
        except NotThere:
            continue
    if entry.get("optional"):
        return None
    raise Refused(
        f"{model['label']}: the source has no file {path} any more. "
        "Tell the people who keep this program."
    )


def read_receipt(target: Path) -> dict[str, Any]:
    """Return the folder's receipt; {} where there is none that can be read."""
    try:
        receipt = json.loads((target / "receipt.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return receipt if isinstance(receipt, dict) else {}


def write_receipt(target: Path, receipt: dict[str, Any]) -> None:
    """Note sizes and hashes beside the weights: the program checks them when it loads."""
    partial = target / "receipt.partial.json"
    partial.write_text(json.dumps(receipt, indent=1), encoding="utf-8")
    partial.replace(target / "receipt.json")


if __name__ == "__main__":
    sys.exit(main())
