"""What is asked of an order at the last moment, before its bytes leave."""

SOONEST_EXPIRY_MS, LATEST_EXPIRY_MS = 1000, 60_000


def always() -> bool:
    """Permit what needs no permission."""
    return True


class Denied(Exception):
    """The request was not permitted when its turn came; nothing of it left."""

    def __init__(self, said: str = "The order was denied when its turn came.", code: str = "denied") -> None:
        super().__init__(said)
        self.code = code


def check_expiry(expires_ms: int, now_ms: int) -> None:
    """Raise Denied unless an order about to leave expires 1 to 60 s on in venue time (risk.md, I19)."""
    if not SOONEST_EXPIRY_MS <= expires_ms - now_ms <= LATEST_EXPIRY_MS:
        ahead_s = (expires_ms - now_ms) / 1000
        raise Denied(f"The order would expire {ahead_s:.1f} s on in venue time, not 1 to 60.", "expired")
