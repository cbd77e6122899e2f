"""The VideoMaMa engine: frames and masks in, alphas out; it must not know sessions or a page."""
