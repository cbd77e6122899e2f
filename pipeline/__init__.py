"""The steps of a job, its state on disk, and the only door for video."""
