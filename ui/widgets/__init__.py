"""The page's own widgets, a folder each."""
