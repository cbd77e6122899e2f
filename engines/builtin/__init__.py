"""The parts of the built-in engine: classical vision on numpy arrays, no learned weights, no torch."""
