"""Segmentation, tracking and matting engines: arrays in, arrays out."""
