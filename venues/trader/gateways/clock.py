"""Venue time between two tellings of it, and nonces that never repeat."""

import threading
import time
from collections import deque
from collections.abc import Callable

MEMORY_S = 60.0
MOST_SKEW_MS = 2000


def wall_ms() -> int:
    """Give this machine's wall time in milliseconds."""
    return int(time.time() * 1000)


class VenueClock:
    """Gives venue time as last told plus the monotonic time since, whatever the wall clock does.

    What is told arrives late and never early, so of the tellings of the last minute the one that
    puts the venue furthest ahead is the least delayed, and counts.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], int] = wall_ms
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._told: deque[tuple[float, float]] = deque()
        self._ahead: float | None = None
        self._anew = False

    def told(self, venue_ms: int) -> None:
        """Take a time the venue stamped on something that arrived just now; from one thread only."""
        now = self._monotonic()
        if self._anew:
            self._told.clear()
            self._anew = False
        self._told.append((now, venue_ms - now * 1000))
        while self._told[0][0] < now - MEMORY_S:
            self._told.popleft()
        self._ahead = max(ahead for _, ahead in self._told)

    def begin_anew(self) -> None:
        """Let the next telling count alone: the venue may have been restarted with another clock."""
        self._anew = True

    def now_ms(self) -> int:
        """Give the venue's time; the wall's while the venue has told none; from any thread."""
        ahead = self._ahead
        return self._wall() if ahead is None else int(ahead + self._monotonic() * 1000)

    def skew_ms(self) -> int | None:
        """Give venue time minus wall time; None while the venue has told none."""
        return None if self._ahead is None else self.now_ms() - self._wall()


class Nonces:
    """Gives each caller its own nonce, ever rising, near the time given, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def take(self, now_ms: int) -> int:
        """Give a nonce at or above `now_ms` and above every one given before."""
        with self._lock:
            self._last = max(self._last + 1, now_ms)
            return self._last


def skew(venue: str, skew_ms: int | None) -> list[str]:
    """Give what venue time minus wall time says against trading."""
    if skew_ms is None:
        return [f"{venue}'s time is not known."]
    if abs(skew_ms) >= MOST_SKEW_MS:
        return [f"This machine's clock is {abs(skew_ms) / 1000:.1f} s off {venue}'s."]
    return []
