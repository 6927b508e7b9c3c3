"""One symbol of the paper market: its path second by second, oracle, marks and candles."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from venues.paper.bars import POINTS, path
from venues.paper.candles import MINUTE_MS, Candle, history
from venues.paper.feeds import Feed
from venues.paper.instruments import Instrument, Venue
from venues.paper.symbols import Symbol

BASIS_S = 150  # over how many seconds the difference of mid and oracle is averaged
JUMP = 0.01  # a step above this thins the book
THIN_MS = 60_000
BORN_WITH = 500
DAY_MINUTES = 1440


def trades_of(volume: float) -> int:
    """Give how many trades a volume is shown as."""
    return min(int(volume) + 1, 5000) if volume else 0


class Market:
    """Prices in micros. Time is the market's own: whole seconds since 1970."""

    def __init__(self, symbol: Symbol, feed: Feed, venues: Sequence[Venue], without: frozenset[str]) -> None:
        """`without` names the models that are switched off (settings.MODELS)."""
        self.symbol = symbol
        self.feed = feed
        listing = [venue for venue in venues if symbol.name in venue.instruments]
        self.venues = [(venue, venue.instruments[symbol.name]) for venue in listing]
        self.without = without
        self.candles = history()
        self.mid = self.oracle = self.last = 0
        self.marks: dict[str, int] = {}
        self.scale = 1.0
        self.basis = 0.0
        self.stress = 1.0
        self.thin_until = 0
        self.trail: deque[int] = deque(maxlen=4)
        self.candle = Candle(0, 0, 0, 0, 0)
        self.minute = 0
        self.second = 0
        self.low_first: bool | None = None
        self._day: tuple[int, tuple[int, float, float]] = (-1, (0, 0.0, 0.0))
        self._before: dict[str, Any] = {}
        self._after: dict[str, Any] = {}
        self._points: list[float] = []
        self._volume = 0.0

    # ── birth and return ────────────────────────────────────────────────────────

    def bear(self, minute: int, history_feed: Feed) -> None:
        """Begin at a minute with 500 candles of history that end where the feed begins."""
        state, bars = history_feed.start(), []
        for number in range(minute - BORN_WITH, minute):
            bar, state = history_feed.next(number, state)
            bars.append((number, bar))
        self._after = self.feed.start()
        if self.feed is history_feed:
            self._after = state
        scale = float(self._after["close"]) / bars[-1][1].close
        for number, bar in bars:
            opened, high, low, close = (
                self.symbol.micros(price * scale) for price in (bar.open, bar.high, bar.low, bar.close)
            )
            kept = Candle(number * MINUTE_MS, opened, high, low, close, bar.volume, trades_of(bar.volume))
            self.candles.append(kept)
        self._begin(minute, None)
        self.jump(self.symbol.micros(self._points[0] * self.scale), 0)
        self.thin_until = 0

    def change_feed(self, minute: int) -> None:
        """Start another feed at a minute: the market jumps to where that feed is."""
        self._after, self.scale = self.feed.start(), 1.0
        self._begin(minute, None)
        self.jump(self.symbol.micros(self._points[0]), 0)

    def to_json(self) -> dict[str, Any]:
        """Give all that a restart needs to go on at the same second."""
        kept = (
            "mid",
            "oracle",
            "last",
            "marks",
            "scale",
            "basis",
            "stress",
            "thin_until",
            "minute",
            "second",
        )
        state: dict[str, Any] = {name: getattr(self, name) for name in kept}
        more = {"feed": self.feed.name, "before": self._before, "low_first": self.low_first}
        return {**state, **more, "trail": list(self.trail), "candle": self.candle.to_json()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `to_json` left off; the minute's path is made again from the same state."""
        for name in ("mid", "oracle", "last", "marks", "scale", "basis", "stress", "thin_until"):
            setattr(self, name, state[name])
        self.marks = {venue.name: self.marks.get(venue.name, self.mid) for venue, _ in self.venues}
        self.trail.extend(state["trail"])
        self._after = state["before"]
        if state["feed"] == self.feed.name:
            self._begin(state["minute"], state["low_first"])
            self.candle = Candle(**state["candle"])
        else:
            self.change_feed(state["minute"])
        self.second = state["second"]

    # ── time ────────────────────────────────────────────────────────────────────

    def step(self, second: int, pace_ms: int, low_first: bool | None) -> Candle | None:
        """Go to the next second; gives the candle that closed with it, if one did."""
        self.second = second
        minute, at = divmod(second, POINTS)
        closed = None
        if minute != self.minute:
            closed = self._close()
            self._begin(minute, low_first)
        price = self.symbol.micros(self._points[at] * self.scale)
        if abs(price - self.mid) > self.mid * JUMP:
            self.thin_until = pace_ms + THIN_MS
        self.trail.append(self.mid)
        self.mid = price
        self.candle.touch(price)
        self._trade(at)
        self._follow()
        return closed

    def jump(self, price: int, pace_ms: int) -> None:
        """Move the whole market to a price at once: mid, oracle and marks; the feed goes on from there."""
        if self.mid and abs(price - self.mid) > self.mid * JUMP:
            self.thin_until = pace_ms + THIN_MS
        at = self.second % POINTS if self.second // POINTS == self.minute else 0
        self.scale = price / 1e6 / self._points[at]
        self.mid = self.oracle = self.last = price
        self.basis = 0.0
        self.trail.clear()
        self.candle.touch(price)
        self.marks = {venue.name: price for venue, _ in self.venues}

    def _begin(self, minute: int, low_first: bool | None) -> None:
        self.minute, self.second = minute, minute * POINTS
        self.low_first, self._before = low_first, self._after
        bar, self._after = self.feed.next(minute, self._before)
        self._points = path(bar, low_first)
        opened = self.symbol.micros(self._points[0] * self.scale)
        self.candle = Candle(minute * MINUTE_MS, opened, opened, opened, opened)
        self._volume = bar.volume
        self._trade(0)

    def _trade(self, at: int) -> None:
        """Let the minute's volume come evenly over its seconds."""
        self.candle.volume = self._volume * (at + 1) / POINTS
        self.candle.trades = trades_of(self.candle.volume)

    def _close(self) -> Candle:
        closed = self.candle
        self.candles.append(closed)
        moved = abs(closed.close / closed.open - 1) / self.symbol.volatility
        self.stress += (min(max(moved, 1.0), 10.0) - self.stress) / 5
        return closed

    # ── what is seen of it ──────────────────────────────────────────────────────

    def _follow(self) -> None:
        """Let oracle and marks follow the mid, each at its own pace (paper-exchange.md, "mark ≠ last")."""
        if "mark" in self.without:
            self.oracle = self.last = self.mid
            self.marks = {venue.name: self.mid for venue, _ in self.venues}
            return
        delay = 1 + (self.minute + len(self.symbol.name)) % 3
        self.oracle = self.trail[-delay] if len(self.trail) >= delay else self.trail[0]
        self.basis += (self.mid - self.oracle - self.basis) / BASIS_S
        for venue, instrument in self.venues:
            if self.second % venue.mark_every_s == 0:
                self.marks[venue.name] = self._mark(instrument)

    def _mark(self, instrument: Instrument) -> int:
        bid, ask = self.touch(instrument)
        self.last = ask if self.second % 2 else bid
        book = sorted((bid, ask, self.last))[1]
        return instrument.cut(sorted((self.oracle + round(self.basis), book, self.oracle))[1])

    def half_spread(self) -> int:
        """Give half of the spread in micros: wider the more the market has moved lately."""
        if "spread" in self.without:
            return 0
        return int(self.mid * self.symbol.spread_bp * min(self.stress, 5.0) / 20_000)

    def touch(self, instrument: Instrument) -> tuple[int, int]:
        """Give best bid and best ask on the venue's ticks, never crossed."""
        half = self.half_spread()
        bid = instrument.down(self.mid - half)
        return bid, max(instrument.up(self.mid + half), bid + instrument.tick(bid))

    def day(self) -> tuple[int, float, float]:
        """Give the last day's (opening price, volume in coins, volume in USD), summed once a minute."""
        if self._day[0] != self.minute:
            candles = list(self.candles)[-DAY_MINUTES:]
            coins = sum(one.volume for one in candles)
            dollars = sum(one.volume * one.close for one in candles) / 1e6
            self._day = (self.minute, (candles[0].open if candles else self.mid, coins, dollars))
        return self._day[1]
