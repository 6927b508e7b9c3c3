"""The schema of the exchange's memory."""
