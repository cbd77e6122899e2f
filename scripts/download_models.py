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

from hub_fetch import Hub, NotThere, Refused, Remote, gate_steps, hash_file

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "engines" / "weights.json"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    models: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))["models"]
    parser = argparse.ArgumentParser(
        prog="download_models.sh",
        description="Fetch model weights. Licences are shown before anything is fetched.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*models, "all"]))
    parser.add_argument("--list", action="store_true", help="show what there is and stop")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be fetched and stop"
    )
    parser.add_argument("--models-dir", type=Path, default=None, help="default: models/")
    parser.add_argument(
        "--retry-wait", type=float, default=2.0, help="seconds before a first retry (default 2)"
    )
    options = parser.parse_args(arguments)
    folder = options.models_dir or default_models_dir()
    if options.list:
        show_list(models, folder)
        return 0
    hub = Hub.from_environment(options.retry_wait)
    try:
        for name in chosen(options.names, models):
            fetch_model(hub, models[name], folder, dry_run=options.dry_run)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on where it stopped.", file=sys.stderr)
        return 130
    return 0


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
    """Return the models to fetch, with what they need, each once."""
    if not names:
        raise Refused(f"Name what to fetch: {', '.join(models)}, or all. --list shows more.")
    wanted = list(models) if "all" in names else names
    result: list[str] = []
    for name in wanted:
        if name not in models:
            raise Refused(f"There is no model “{name}”. Models: {', '.join(models)}, or all.")
        result += [one for one in (name, *models[name].get("needs", ())) if one not in result]
    return result


def show_list(models: dict[str, Any], folder: Path) -> None:
    """Print every model: name, size, whether it is there, licence."""
    for name, model in models.items():
        target = folder / model["folder"]
        here = "installed" if is_complete(target, model["files"]) else "not installed"
        gated = ", access on request" if model["gated"] else ""
        print(f"{name:14} {model['about_mb']:>5} MB  {here}{gated}")
        print(f"{'':14} {model['label']}; {model['licence']}")
        print(f"{'':14} {model['licence_url']}")


def is_complete(target: Path, files: dict[str, Any]) -> bool:
    """Tell whether every file that is not optional is in the folder."""
    return all(
        entry.get("optional")
        or (target / name).is_file()
        or ("else" in entry and (target / entry["else"]).is_file())
        for name, entry in files.items()
    )


def fetch_model(hub: Hub, model: dict[str, Any], folder: Path, *, dry_run: bool) -> None:
    """Fetch one model's files into its folder and note what was verified."""
    target = folder / model["folder"]
    print(f"{model['label']} → {target}")
    print(f"  licence: {model['licence']}")
    print(f"  {model['licence_url']}")
    if model["gated"]:
        print("  access: " + " ".join(gate_steps(model["repo"])))
    receipt: dict[str, Any] = {"repo": model["repo"], "files": {}}
    for path, entry in model["files"].items():
        if dry_run:
            print(f"  would fetch {hub.address(model['repo'], path)}")
            continue
        fetched = fetch_first(hub, model, target, path, entry)
        if fetched is None:
            continue
        stored, remote = fetched
        size = (target / stored).stat().st_size
        receipt["files"][stored] = {"size": size, "sha256": hash_file(target / stored, "sha256")}
        receipt["commit"] = remote.commit
    if not dry_run:
        write_receipt(target, receipt)


def fetch_first(
    hub: Hub, model: dict[str, Any], target: Path, path: str, entry: dict[str, Any]
) -> tuple[str, Remote] | None:
    """Fetch a file, or the one that stands in for it; returns the stored name, None if optional."""
    for candidate in filter(None, (path, entry.get("else"))):
        try:
            remote = hub.look_up(model["repo"], candidate)
        except NotThere:
            continue
        hub.fetch(target / candidate, remote, entry if candidate == path else {})
        return candidate, remote
    if entry.get("optional"):
        return None
    raise Refused(
        f"{model['repo']} has no file {path} any more. Tell the people who keep this program."
    )


def write_receipt(target: Path, receipt: dict[str, Any]) -> None:
    """Note sizes and hashes beside the weights: the program checks them when it loads."""
    partial = target / "receipt.partial.json"
    partial.write_text(json.dumps(receipt, indent=1), encoding="utf-8")
    partial.replace(target / "receipt.json")


if __name__ == "__main__":
    sys.exit(main())
