"""Networks of other projects as ONNX files that the engines take; see docs/engines.md."""
