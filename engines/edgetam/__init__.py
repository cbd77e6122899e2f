"""The EdgeTAM engine, which runs in a process of its own environment."""
