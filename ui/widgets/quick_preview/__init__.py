"""The preview without a mark."""
