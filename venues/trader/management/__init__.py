"""The commands of a trader."""
