"""Recent sessions."""
