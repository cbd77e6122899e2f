"""What runs an ONNX file: one small interface, ONNX Runtime behind it, OpenVINO where it is faster."""
