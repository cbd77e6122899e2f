"""Engines that run in a process of their own environment, over pipes; no engine itself."""
