"""Tells which streamed candles are closed: one is, once the next has begun."""

from collections.abc import Iterable
from dataclasses import replace

from venues.trader.gateway import Candle


class Candles:
    """The open candle of each symbol on one connection."""

    def __init__(self) -> None:
        self._open: dict[str, Candle] = {}

    def hear(self, candle: Candle) -> Iterable[Candle]:
        """Give the candle before as closed where this one follows it, then this one, unless it is late."""
        before = self._open.get(candle.symbol)
        if before and before.open_ms > candle.open_ms:
            return
        if before and before.open_ms < candle.open_ms:
            yield replace(before, closed=True)
        self._open[candle.symbol] = candle
        yield candle
