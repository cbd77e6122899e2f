"""Players and downloads."""
