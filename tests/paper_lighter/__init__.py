"""Lighter's face of the paper exchange, by the official SDK and by hand."""
