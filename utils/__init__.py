"""Pure functions and values that every other room may use."""
