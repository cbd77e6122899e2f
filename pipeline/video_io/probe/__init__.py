"""The check of an upload."""
