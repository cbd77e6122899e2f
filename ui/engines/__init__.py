"""The engine choice."""
