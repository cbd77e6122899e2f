"""Networks that see one image at a time, as matting engines over a clip and as finders of the main object."""
