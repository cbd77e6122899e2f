"""The server: guard, media, API."""
