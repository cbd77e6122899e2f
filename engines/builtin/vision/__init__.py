"""Classical vision algorithms on arrays; they know nothing of tracking."""
