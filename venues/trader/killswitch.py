"""When the kill switch trips, and which mark prices count (risk.md, "Kill switch")."""

from typing import Literal

KillOn = Literal["loss", "drawdown"]
JUMP_PERCENT = 5  # a mark further than this from the one before is doubted
NEAR_PERCENT = 3  # ... unless mid or oracle of the same message is this near to it


def trips(total_pnl: int, peak: int, limit: int, kill_on: KillOn = "loss") -> bool:
    """Tell whether the kill switch trips; all in micro-dollars.

    `loss`: total_pnl < −limit ("exceeds": exactly −limit does not trip). `drawdown`: the highest
    total_pnl of the epoch minus total_pnl exceeds limit.
    """
    if kill_on == "drawdown":
        return peak - total_pnl > limit
    return total_pnl < -limit


def _near(price: int, mark: int, percent: int) -> bool:
    return abs(price - mark) * 100 <= mark * percent


class MarkFilter:
    """Decides of each mark of one symbol whether it counts; prices in micro-dollars."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.doubted = False

    def read(self, mark: int, mid: int | None, oracle: int | None) -> tuple[bool, int, int]:
        """Take one message's prices; give (counts, price for a long's check, price for a short's).

        A mark that counts is used as it is. A doubted one gives each side, of the three prices,
        the one best for it, and the mark after it counts as it is.
        """
        doubt = (
            self.last is not None
            and not self.doubted
            and not _near(mark, self.last, JUMP_PERCENT)
            and not any(price is not None and _near(price, mark, NEAR_PERCENT) for price in (mid, oracle))
        )
        self.doubted = doubt
        if not doubt:
            self.last = mark
            return True, mark, mark
        prices = [price for price in (mark, mid, oracle) if price is not None]
        return False, max(prices), min(prices)
