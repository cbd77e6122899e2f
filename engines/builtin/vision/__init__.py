"""Computer vision algorithms on arrays, independent of tracking and selection."""
