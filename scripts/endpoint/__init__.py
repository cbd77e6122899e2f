"""SplazMatte's engines on another machine, for the engine `self-hosted`: see docs/remote.md."""
