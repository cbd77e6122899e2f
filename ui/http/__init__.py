"""The server: access control, login, uploads, media and API."""
