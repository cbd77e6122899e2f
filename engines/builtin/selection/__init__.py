"""From clicks, a box or a mask on one frame to a mask."""
