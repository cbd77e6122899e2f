"""The SAM2Matting engine, which runs in a process of its own environment."""
