"""From matted frames to finished files."""
