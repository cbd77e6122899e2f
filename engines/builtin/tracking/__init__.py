"""Following an object through the clip."""
