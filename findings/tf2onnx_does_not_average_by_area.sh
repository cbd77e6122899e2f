#!/usr/bin/env bash
# tf2onnx, which makes ONNX models of TensorFlow's, writes other operations than the network has, without a message. tf.image.resize(..., "area"), the mean
# of what a pixel covers, becomes the pixel in its upper left corner: a comb of hair that covers a quarter is all white or all gone.
# The bicubic resize of TensorFlow 1, which many older networks have, gets another curve (cubic_coeff_a -0.5 for -0.75) and is off by
# 4 % of white at an edge. Division and remainder of whole numbers below zero, as coordinates beside a frame are, are cut towards zero: -1 // 4
# is 0 instead of -1, and -1 % 4 is -1 instead of 3. And tf.one_hot of -1, the number for "not labelled", marks the last class, where
# TensorFlow marks none. Linear and nearest resizes are right. Seen with tf2onnx 1.17.0, tensorflow-cpu 2.21.0, onnxruntime 1.32.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check tf2onnx==1.17.0 tensorflow-cpu==2.21.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" env/bin/python -W ignore - 2> messages <<'PYTHON' || { tail -n 5 messages; exit 1; }
import importlib.metadata
import logging

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

logging.disable(logging.WARNING)
print(*(f"{name} {importlib.metadata.version(name)}" for name in ("tf2onnx", "tensorflow-cpu", "onnxruntime")))


def both(function, numbers):
    """What TensorFlow answers, and what the ONNX model made of it does."""
    signature = [tf.TensorSpec(numbers.shape, tf.float32, name="numbers")]
    graph = tf.function(lambda given: tf.identity(function(given)), input_signature=signature)
    answers = []
    for opset in (13, 18):
        model, _ = tf2onnx.convert.from_function(graph, input_signature=signature, opset=opset)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        answers.append(session.run(None, {session.get_inputs()[0].name: numbers})[0])
    assert np.array_equal(*answers)
    return graph(numbers).numpy(), answers[0]


comb, edge = np.zeros((2, 1, 16, 16, 1), np.float32)
comb[:, :, ::4] = 1
edge[:, :, 8:] = 1
for start in (0, 1):
    right, answer = both(lambda matte: tf.image.resize(matte, (4, 4), "area"), np.roll(comb, start, axis=2))
    print(f"  hair from column {start} on, by area: {right[0, 0, :, 0].tolist()}, as ONNX {answer[0, 0, :, 0].tolist()}")
    assert np.all(right == 0.25) and np.all(answer == 1 - start)
for name, resize, off in (
    ("bicubic of TensorFlow 1", lambda matte: tf.compat.v1.image.resize_bicubic(matte, (24, 24)), 0.02),
    ("bicubic", lambda matte: tf.image.resize(matte, (24, 24), "bicubic"), 0),
    ("bilinear of TensorFlow 1", lambda matte: tf.compat.v1.image.resize_bilinear(matte, (24, 24)), 0),
    ("bilinear", lambda matte: tf.image.resize(matte, (24, 24)), 0),
    ("nearest", lambda matte: tf.image.resize(matte, (24, 24), "nearest"), 0),
):
    right, answer = both(resize, edge)
    error = float(np.abs(right - answer).max())
    print(f"  an edge enlarged, {name}: {right[0, 0, 9:14, 0].round(3).tolist()}, as ONNX {answer[0, 0, 9:14, 0].round(3).tolist()}, off by {error:.3f}")
    assert error > off if off else error < 0.005
places = np.arange(-6, 7, dtype=np.float32)
for name, operation in (("// 4", lambda given: given // 4), ("% 4", lambda given: given % 4)):
    right, answer = both(lambda given, operation=operation: tf.cast(operation(tf.cast(given, tf.int32)), tf.float32), places)
    print(f"  {places.astype(int).tolist()} {name}: {right.astype(int).tolist()}, as ONNX {answer.astype(int).tolist()}")
    assert np.array_equal(right, places // 4 if name == "// 4" else places % 4)
    assert np.array_equal(answer, np.trunc(places / 4) if name == "// 4" else np.fmod(places, 4))
right, answer = both(lambda labels: tf.one_hot(tf.cast(labels, tf.int32), 3), np.array([-1, 0, 2, 3], np.float32))
print(f"  one_hot of -1, 0, 2, 3: {right.astype(int).tolist()}, as ONNX {answer.astype(int).tolist()}")
assert right[0].tolist() == [0, 0, 0] and answer[0].tolist() == [0, 0, 1] and np.array_equal(right[1:], answer[1:])
PYTHON
