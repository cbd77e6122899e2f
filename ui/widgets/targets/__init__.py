"""The target list."""
