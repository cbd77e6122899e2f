"""Sessions: their folder, state, masks, results and retention."""
