"""What a minute's requests may be spent on: a part is kept for closing (risk.md, "Kill lane")."""

import time
from collections import deque
from collections.abc import Callable, Sequence

from venues.contract.errors import Unreachable
from venues.lighter.record import Record

# A request counts at the venue when it arrives, up to a second after it was counted here.
WINDOW_S = 61.0


class Budget:
    """Counts what left in the last minute; the last `kept` of `most` are for closing alone.

    With a `record` the minute goes on over a restart. Where that cannot be believed, the first
    minute holds nothing but what is kept for closing.
    """

    def __init__(
        self,
        what: str,
        most: int,
        kept: int,
        monotonic: Callable[[], float] = time.monotonic,
        record: Record | None = None,
    ) -> None:
        self._what = what
        self._most = most
        self._kept = kept
        self._monotonic = monotonic
        self._record = record
        self._left = deque([] if record is None else self._believed(record.past))
        if record is not None:
            record.begin(self._left)
        self.refused = 0

    @property
    def spent(self) -> int:
        """Give how many left in the last minute, as far as is known."""
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
        now = self._monotonic()
        self._left.append(now)
        if self._record is not None:
            self._record.add(now)

    def close(self) -> None:
        """Count no more."""
        if self._record is not None:
            self._record.close()

    def _believed(self, past: Sequence[float] | None) -> list[float]:
        """Give when requests of earlier processes left; what is not known left now, and none for closing.

        A time ahead is of before the machine was started: how long ago, nobody can tell.
        """
        now, most = self._monotonic(), self._most - self._kept
        if past is None:
            return [now] * most
        ahead = [now for at in past if at > now]
        return sorted(at for at in past if at <= now)[-self._most :] + ahead[:most]
