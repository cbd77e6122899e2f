"""Picture sequences as sources: found by name, unpacked, and made one lossless clip."""
