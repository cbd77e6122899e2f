"""Devices and their memory: placement, capacity, the memory budget, and the model manager."""
