"""The Lighter venue."""
