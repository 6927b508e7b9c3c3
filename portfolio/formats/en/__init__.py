"""The only language of the administration."""
