"""Parts of the MatAnyone engine: first mask, order of steps, and the wrapper of the upstream packages."""
