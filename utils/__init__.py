"""Pure functions and values that every other package may use."""
