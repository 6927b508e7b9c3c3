"""Management commands of the paper exchange."""
