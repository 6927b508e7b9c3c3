"""What a minute's requests may be spent on: a part is kept for closing (risk.md, "Kill lane")."""

import time
from collections import deque
from collections.abc import Callable

from venues.contract.errors import Unreachable

# A request counts at the venue when it arrives, up to a second after it was counted here.
WINDOW_S = 61.0


class Budget:
    """Counts what left in the last minute; the last `kept` of `most` are for closing alone."""

    def __init__(
        self, what: str, most: int, kept: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._most = most
        self._kept = kept
        self._monotonic = monotonic
        self._left: deque[float] = deque()
        self.refused = 0

    @property
    def spent(self) -> int:
        """Give how many left in the last minute."""
        oldest = self._monotonic() - WINDOW_S
        while self._left and self._left[0] <= oldest:
            self._left.popleft()
        return len(self._left)

    def take(self, *, closing: bool = False) -> None:
        """Count one more; raises Unreachable `throttled` where the minute holds none for this purpose."""
        allowed = self._most if closing else self._most - self._kept
        if self.spent >= allowed:
            self.refused += 1
            raise Unreachable(
                f"Never sent: {allowed} {self._what} have left in the last minute, as many as Lighter "
                f"takes{'' if closing else ' less those kept for closing'}.",
                code="throttled",
            )
        self._left.append(self._monotonic())
