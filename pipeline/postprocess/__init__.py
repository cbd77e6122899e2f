"""Array work on finished mattes: edges, foreground colour, compositing."""
