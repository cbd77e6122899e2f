"""ModelScope's `cv_unet_image-matting` and `cv_unet_universal-matting`: TensorFlow graphs as ONNX files.

    PYTHON -m scripts.export.matting_unet matting-unet-portrait --checkpoint tf_graph.pb

PYTHON is that of an environment with tensorflow, tf2onnx, onnx and onnxruntime, where nothing of ours is. The graph takes a picture, RGB
0..255 (H, W, 3), and gives RGBA; the file takes (1, 3, H, W) and gives the alpha, (1, 1, H, W) in [0, 1].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

NETWORKS = "matting-unet-portrait", "matting-unet-universal"
OPSET = 17
GIVEN, MADE = "input_image:0", "output_png:0"
"""The graph's tensors, as modelscope's `image_matting_pipeline.py` names them."""
TOLERANCE = 2 / 255
"""Largest difference between TensorFlow and the file: the graph rounds to 8 bits."""
TRIED_SIZES = (160, 224), (300, 180)


def main(arguments: list[str] | None = None) -> int:
    """Write one file; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts.export.matting_unet", description="Write an ONNX file."
    )
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--checkpoint", type=Path, required=True, help="the model's tf_graph.pb")
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="default: models/")
    options = parser.parse_args(arguments)
    output: Path = options.models_dir / options.network / "matting_unet.onnx"
    import tensorflow
    import tf2onnx

    graph = tensorflow.compat.v1.GraphDef()
    graph.ParseFromString(options.checkpoint.read_bytes())
    model, _ = tf2onnx.convert.from_graph_def(
        graph, input_names=[GIVEN], output_names=[MADE], opset=OPSET
    )
    with_alpha_alone(model)
    partial = output.with_suffix(".partial.onnx")
    partial.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, partial)
    difference = _difference(tensorflow.compat.v1, graph, partial)
    if not difference <= TOLERANCE:
        partial.unlink()
        print(f"the file's alpha differs from TensorFlow's by {difference:.3f}", file=sys.stderr)
        return 2
    partial.replace(output)
    print(f"{output}: alpha differs from TensorFlow's by {difference:.4f} at most")
    return 0


def with_alpha_alone(model: Any) -> None:
    """Change a model of pictures (H, W, 3) to RGBA into one of (1, 3, H, W) to alpha in [0, 1]."""
    graph = model.graph
    given, made = graph.input[0], graph.output[0]
    kind = given.type.tensor_type.elem_type
    constants = {
        "first_axis": np.array([0], np.int64),
        "alpha_begin": np.array([3], np.int64),
        "alpha_end": np.array([4], np.int64),
        "last_axis": np.array([2], np.int64),
        "full_range": np.array(255, np.float32),
    }
    before = [
        helper.make_node("Squeeze", ["image", "first_axis"], ["planes"]),
        helper.make_node("Transpose", ["planes"], ["pixels"], perm=[1, 2, 0]),
        helper.make_node("Cast", ["pixels"], [given.name], to=kind),
    ]
    after = [
        helper.make_node(
            "Slice", [made.name, "alpha_begin", "alpha_end", "last_axis"], ["alpha_levels"]
        ),
        helper.make_node("Cast", ["alpha_levels"], ["alpha_float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["alpha_float", "full_range"], ["alpha_pixels"]),
        helper.make_node("Transpose", ["alpha_pixels"], ["alpha_plane"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["alpha_plane", "first_axis"], ["alpha"]),
    ]
    nodes = [*before, *graph.node, *after]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items()
    )
    for place, name, channels in ((graph.input, "image", 3), (graph.output, "alpha", 1)):
        shape = [1, channels, "height", "width"]
        place.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)


def _difference(tensorflow: Any, graph: Any, path: Path) -> float:
    """Return by how much the file's alpha differs from the graph's on random pictures."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    largest = 0.0
    with tensorflow.Graph().as_default() as whole, tensorflow.Session(graph=whole) as original:
        tensorflow.import_graph_def(graph, name="")
        for height, width in TRIED_SIZES:
            picture = np.random.default_rng(0).integers(0, 256, (height, width, 3))
            (made,) = original.run([MADE], {GIVEN: picture})
            (alpha,) = session.run(
                ["alpha"], {"image": picture.transpose(2, 0, 1)[None].astype(np.float32)}
            )
            largest = max(largest, float(np.abs(made[..., 3] / 255.0 - alpha[0, 0]).max()))
    return largest


if __name__ == "__main__":
    sys.exit(main())
