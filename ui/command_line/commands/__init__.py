"""Commands by subject; each takes the parsed options and returns an exit code."""
