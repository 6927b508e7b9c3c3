"""Denied: our own no to an order that would open, with the reason that is counted and shown."""


class Denied(Exception):
    """An order that would open or increase is not sent; `reason` is one of risk.md's, "Order gate"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
