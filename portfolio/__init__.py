"""The PM project and its book: which traders there are, what they report."""
