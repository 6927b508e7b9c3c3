"""Believes an account's equity only where the stream's own figure agrees with it (risk.md, "equity")."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from decimal import Decimal

from venues.contract.errors import BadAnswer

APART = Decimal("0.01")
RECENT_S = 3.0
PATIENCE_S = 1.5
LOOK_S = 0.05


class Equities:
    """The account's value as `user_stats` told it, for comparison with what a read says."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._told: deque[tuple[float, Decimal]] = deque(maxlen=64)

    def hear(self, value: Decimal) -> None:
        """Take the stream's figure."""
        self._told.append((self._monotonic(), value))

    def agrees(self, read: Decimal) -> bool:
        """Tell whether a read lies within 1 % of the figures of late; before the first one it does."""
        if not self._told:
            return True
        since = self._monotonic() - RECENT_S
        recent = [value for at, value in self._told if at >= since] or [self._told[-1][1]]
        slack = max(abs(read), abs(recent[-1])) * APART
        return min(recent) - slack <= read <= max(recent) + slack

    async def check(self, read: Decimal) -> None:
        """Raise BadAnswer unless the stream agrees now or within a moment: its figure may come after."""
        deadline = self._monotonic() + PATIENCE_S
        while not self.agrees(read):
            if self._monotonic() > deadline:
                told = self._told[-1][1]
                raise BadAnswer(f"Lighter's account says {read} USD, its stream {told}: more than 1 % apart.")
            await asyncio.sleep(LOOK_S)
