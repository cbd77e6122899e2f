#!/usr/bin/env bash
# A network that ends in a sigmoid, as matting and segmentation networks do, can't say "opaque" once it runs in 8 bits in LiteRT
# (TensorFlow Lite): the kernel demands an output in steps of 1/256 from 0 on, so its largest byte is 255/256 = 0.996, for a logit of 12.7
# too, and a whole subject lets through 0.4 % of the plate; times 255, rounded, it is 254. Softmax is bound likewise. A file with steps of
# 1/255, which can hold 1, is refused by the reference kernels ("scale == 1. / 256 was not true") and runs under XNNPACK, the default, so
# that it depends on the resolver whether it loads. In 16 bits it is 0.99997, and zero is never 0 there but 0.00003. Float reaches both.
# Stretch the result by 256/255, or take the raw byte over 255. Seen with ai-edge-litert 2.3.0; the models are made in the script.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

print("ai-edge-litert", importlib.metadata.version("ai-edge-litert"))
TYPES = {np.int8: schema.TensorType.INT8, np.uint8: schema.TensorType.UINT8, np.int16: schema.TensorType.INT16, np.float32: schema.TensorType.FLOAT32}


def run(operator, number_type, logits, scale_in, zero_in, scale_out, zero_out, resolver):
    """Make a network of one operator, run it over these logits and give the values that its output stands for."""
    model, graph, node, code = schema.ModelT(), schema.SubGraphT(), schema.OperatorT(), schema.OperatorCodeT()
    model.version, model.buffers, model.subgraphs, model.operatorCodes = 3, [schema.BufferT()], [graph], [code]
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, operator)
    code.version = 2
    graph.tensors = []
    for name, scale, zero in (("logits", scale_in, zero_in), ("matte", scale_out, zero_out)):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, [1, len(logits)], TYPES[number_type]
        if number_type is not np.float32:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero]
        graph.tensors.append(tensor)
    graph.inputs, graph.outputs, graph.operators = [0], [1], [node]
    node.opcodeIndex, node.inputs, node.outputs = 0, [0], [1]
    if operator == "SOFTMAX":
        node.builtinOptionsType, node.builtinOptions = schema.BuiltinOptions.SoftmaxOptions, schema.SoftmaxOptionsT()
        node.builtinOptions.beta = 1.0
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    interpreter = Interpreter(model_content=bytes(builder.Output()), experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    numbers = np.array([logits], np.float64)
    if number_type is not np.float32:
        limits = np.iinfo(number_type)
        numbers = np.clip(np.round(numbers / scale_in) + zero_in, limits.min, limits.max)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], numbers.astype(number_type))
    interpreter.invoke()
    seen = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].astype(np.float64)
    return seen if number_type is np.float32 else (seen - zero_out) * scale_out


for resolver, name in ((OpResolverType.AUTO, "XNNPACK"), (OpResolverType.BUILTIN_REF, "reference")):
    for kind, scale_in, zero_in, scale_out, zero_out, most in (
        (np.int8, 0.1, 0, 1 / 256, -128, 255 / 256),
        (np.uint8, 0.1, 128, 1 / 256, 0, 255 / 256),
        (np.int16, 12.8 / 32768, 0, 1 / 32768, 0, 32767 / 32768),
        (np.float32, 1, 0, 1, 0, 1),
    ):
        logits = (-100.0, 0.0, 100.0) if kind is np.float32 else (-12.7, 0.0, 12.7)
        matte = run("LOGISTIC", kind, logits, scale_in, zero_in, scale_out, zero_out, resolver)
        print(f"{name}, {kind.__name__}: sigmoid of {logits} is {matte.round(6).tolist()}, as a byte {round(255 * matte[2])}")
        assert abs(matte[2] - most) < 1e-9 and round(255 * matte[2]) == (254 if kind in (np.int8, np.uint8) else 255)
        if kind is np.int16:
            assert matte[0] > 0
    both = run("SOFTMAX", np.int8, (-12.7, 12.7), 0.1, 0, 1 / 256, -128, resolver)
    print(f"{name}, int8: softmax of (-12.7, 12.7) is {both.round(6).tolist()}")
    assert both[1] == 255 / 256
    try:
        full = run("LOGISTIC", np.int8, (-12.7, 0.0, 12.7), 0.1, 0, 1 / 255, -128, resolver)
        print(f"{name}: an output in steps of 1/255 reaches {full[2]:.6f}")
        assert resolver == OpResolverType.AUTO and abs(full[2] - 1) < 1e-6
    except RuntimeError as error:
        print(f"{name}: an output in steps of 1/255 is refused:", str(error).split("Node")[0])
        assert resolver == OpResolverType.BUILTIN_REF and "1. / 256" in str(error)
PYTHON
