"""The page: components, callbacks and their texts."""
