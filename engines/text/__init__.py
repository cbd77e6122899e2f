"""Chinese prompts for text encoders that read English."""
