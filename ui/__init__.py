"""The page: components, callbacks and text."""
