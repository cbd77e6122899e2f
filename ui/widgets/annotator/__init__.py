"""The frame annotator."""
