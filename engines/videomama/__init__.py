"""The parts of the VideoMaMa engine: arrays in, alphas out; they must not know sessions or a page."""
