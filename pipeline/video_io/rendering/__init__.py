"""The streaming pass from a clip and its alphas to finished files."""
