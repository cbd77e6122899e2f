"""Edges and background."""
