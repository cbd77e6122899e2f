"""The viewer: stage, marks, playback and timeline."""
