"""One-minute candles as traded, kept for the last days, and longer intervals made of them."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

MINUTE_MS = 60_000
MOST = 5000
INTERVALS = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "8h": 480,
    "12h": 720,
    "1d": 1440,
    "3d": 4320,
    "1w": 10080,
    "1M": 43200,
}


@dataclass
class Candle:
    """Prices in micros, volume in units of the coin; `open_ms` is market time."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: float = 0.0
    trades: int = 0

    def touch(self, price: int) -> None:
        """Take one more price."""
        self.close = price
        self.high = max(self.high, price)
        self.low = min(self.low, price)

    def to_json(self) -> dict[str, Any]:
        """Give the candle as it is kept."""
        return asdict(self)


def merged(candles: Iterable[Candle], minutes: int) -> Iterator[Candle]:
    """Give candles of an interval from one-minute ones, oldest first; the last may be unfinished."""
    width = minutes * MINUTE_MS
    whole: Candle | None = None
    for one in candles:
        start = one.open_ms - one.open_ms % width
        if whole is None or whole.open_ms != start:
            if whole is not None:
                yield whole
            whole = Candle(start, one.open, one.high, one.low, one.close, one.volume, one.trades)
            continue
        whole.high, whole.low, whole.close = max(whole.high, one.high), min(whole.low, one.low), one.close
        whole.volume, whole.trades = whole.volume + one.volume, whole.trades + one.trades
    if whole is not None:
        yield whole


def history() -> deque[Candle]:
    """Give an empty series that forgets its oldest candle."""
    return deque(maxlen=MOST)
