"""The master of risk settings: decides."""
