"""Robust Video Matting: people on any machine, everyone or the marked target alone."""
