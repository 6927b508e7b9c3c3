"""Order books as the stream tells them: a snapshot, then what changed, chained by nonces (section 6)."""

from dataclasses import dataclass, field
from typing import Any

from venues.lighter.paper.markets import LighterInstrument
from venues.lighter.paper.prices import Side, book, levels
from venues.paper.exchange import Exchange

Json = dict[str, Any]


@dataclass
class Told:
    """A book as its subscribers have it."""

    asks: Side = field(default_factory=dict)
    bids: Side = field(default_factory=dict)
    nonce: int = 0
    offset: int = 0
    changed_us: int = 0


class Books:
    """The told books of an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.x = exchange
        self.told: dict[str, Told] = {}

    def snapshot(self, instrument: LighterInstrument, alone: bool) -> Json:
        """Give the whole book: as the other subscribers have it or, for one alone, as it stands."""
        if alone or instrument.symbol not in self.told:
            self.update(instrument)
        told = self.told[instrument.symbol]
        return self._frame(instrument, told, told.asks, told.bids, 0)

    def update(self, instrument: LighterInstrument) -> Json | None:
        """Give what changed since the last telling; None where nothing did."""
        told = self.told.setdefault(instrument.symbol, Told())
        asks, bids = book(self.x, instrument)
        changed = _changes(told.asks, asks), _changes(told.bids, bids)
        if not any(changed):
            return None
        before, told.asks, told.bids = told.nonce, asks, bids
        told.nonce, told.offset = told.nonce + sum(map(len, changed)), told.offset + 1
        told.changed_us = self.x.now_ms() * 1000
        return self._frame(instrument, told, *changed, before)

    def _frame(self, instrument: LighterInstrument, told: Told, asks: Side, bids: Side, begin: int) -> Json:
        return {
            "last_updated_at": told.changed_us,
            "offset": told.offset,
            "order_book": {
                "code": 0,
                "asks": levels(instrument, asks),
                "bids": levels(instrument, bids),
                "offset": told.offset,
                "nonce": told.nonce,
                "last_updated_at": told.changed_us,
                "begin_nonce": begin,
            },
        }


def _changes(before: Side, after: Side) -> Side:
    """Give levels that differ; those that are gone with a size of 0."""
    gone = dict.fromkeys(before.keys() - after.keys(), 0)
    return {**gone, **{price: lots for price, lots in after.items() if before.get(price) != lots}}
