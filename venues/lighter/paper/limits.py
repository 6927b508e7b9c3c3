"""A standard account's limits of any minute: 60 requests, 60 transactions, 40 of leverage (section 6)."""

import time
from collections import defaultdict, deque
from collections.abc import Callable

from venues.lighter.paper.codes import Refusal

MOST_A_MINUTE = 60
MOST_LEVERAGES = 40  # of what no quota of volume is spent on
MOST_MESSAGES = 200
WINDOW_S = 60.0


class Window:
    """Counts what came in the last minute, per name; in wall time, whatever the market's speed."""

    def __init__(self, most: int, code: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.code = code
        self.clock = clock
        self.came: dict[str, deque[float]] = defaultdict(deque)

    def take(self, name: str, count: int = 1) -> None:
        """Count so many more, or refuse them all."""
        now, came = self.clock(), self.came[name]
        while came and came[0] <= now - WINDOW_S:
            came.popleft()
        if len(came) + count > self.most:
            raise Refusal(self.code)
        came.extend([now] * count)


class Limits:
    """What one exchange counts; nothing without the model `rate_limits`."""

    def __init__(self, active: bool) -> None:
        self.active = active
        self.requests = Window(MOST_A_MINUTE, 23000)
        self.transactions = Window(MOST_A_MINUTE, 23000)
        self.leverages = Window(MOST_LEVERAGES, 23000)
        self.messages = Window(MOST_MESSAGES, 30009)

    def take(self, window: Window, name: str, count: int = 1) -> None:
        """Count, where anything is counted."""
        if self.active and count:
            window.take(name, count)
