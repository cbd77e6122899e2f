"""Finding the target on a frame, and correcting it."""
