"""Hosted matting services, and SplazMatte on another machine, as one engine class over declared rows."""
