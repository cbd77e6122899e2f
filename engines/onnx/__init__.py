"""Networks in ONNX files as engines: a network is one declared row, run by one of two runtimes."""
