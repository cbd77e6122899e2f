"""From a tracked probability to alpha."""
