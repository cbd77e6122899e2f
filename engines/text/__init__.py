"""Translation of Chinese prompts for text encoders that take English."""
