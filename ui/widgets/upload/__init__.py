"""The upload buttons."""
