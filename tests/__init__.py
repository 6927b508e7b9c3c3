"""Every promise has a test here that could fail."""
