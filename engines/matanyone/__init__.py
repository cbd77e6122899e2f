"""The MatAnyone engine, generations 1 and 2, on torch modules of our own."""
