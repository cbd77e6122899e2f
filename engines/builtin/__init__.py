"""The built-in engine: classical vision on numpy arrays, without torch or weights of its own."""
