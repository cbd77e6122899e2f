"""Write a network of another project as the ONNX file that its engine takes.

    .venv/bin/python -m scripts.export inspyrenet --code FOLDER --checkpoint ckpt_base.pth

`bash scripts/download_models.sh inspyrenet` tells where code and checkpoint are. Beside torch, onnx, onnxscript
and onnxruntime the environment needs what the code imports. The file is compared with PyTorch before it is kept.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from config import Settings
from engines.weights import write_receipt
from engines.weights_manifest import model_weights
from scripts.export.network import ExportRefused, write

NETWORKS = {
    "background-matting": "background_matting:build",
    "effnetv2-human-matting": "human_matting:build",
    "inspyrenet": "inspyrenet:build",
    "inspyrenet-fast": "inspyrenet:build_fast",
    "pdfnet": "pdfnet:build",
}
"""Rows of engines/weights.json, and what builds them: "module:function"."""


def main(arguments: list[str] | None = None) -> int:
    """Write one file; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts.export", description="Write an ONNX file.")
    parser.add_argument("network", choices=list(NETWORKS))
    parser.add_argument("--code", type=Path, required=True, help="folder of the network's code")
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--checkpoint", type=Path, help="the project's PyTorch weights")
    weights.add_argument("--random", action="store_true", help="random weights, to try this out")
    parser.add_argument("-o", "--output", type=Path, help="default: where the engine looks for it")
    options = parser.parse_args(arguments)
    row = model_weights(options.network)
    path = options.output or Settings().models_dir / row.folder / row.files[0]
    module, _, name = NETWORKS[options.network].partition(":")
    try:
        build = getattr(importlib.import_module(f"scripts.export.{module}"), name)
        found = write(build(options.code.resolve(), options.checkpoint), path)
    except (ExportRefused, ImportError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    write_receipt(path.parent, [path.name])
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB; largest difference from PyTorch {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
