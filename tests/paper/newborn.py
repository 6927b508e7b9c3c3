"""A paper exchange in the test's own process: a still market, a clock by hand, memory only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from venues.hyperliquid.paper.markets import VENUE
from venues.paper.accounts import Account
from venues.paper.bars import Bar
from venues.paper.engine import jump
from venues.paper.exchange import Batch, Exchange
from venues.paper.feeds import Feed
from venues.paper.market import Market
from venues.paper.orders import Wanted
from venues.paper.symbols import SYMBOLS
from venues.paper.synthetic import Synthetic

BORN_MS = 1_800_000_000_000 // 3_600_000 * 3_600_000
NO_CHANCE = frozenset({"mark", "parts", "partial_ioc", "late_events", "late_funding", "jumps"})
NAME = "0x" + "a" * 40


@dataclass
class Kept:
    """A keeper that remembers batches instead of writing them."""

    batches: list[Batch] = field(default_factory=list)

    def save(self, batch: Batch, counters: Mapping[str, Any]) -> None:
        self.batches.append(batch)


@dataclass
class Scripted:
    """A feed that gives the bars of a list, and then holds the last close."""

    bars: list[Bar]
    name: str = "scripted"

    def start(self) -> dict[str, Any]:
        return {"close": self.bars[0].open, "row": 0}

    def next(self, minute: int, state: dict[str, Any]) -> tuple[Bar, dict[str, Any]]:
        row, close = state["row"], state["close"]
        bar = self.bars[row] if row < len(self.bars) else Bar(close, close, close, close, 0.0)
        return bar, {"close": bar.close, "row": row + 1}


@dataclass
class Clock:
    """Wall time, moved by hand."""

    ms: int = BORN_MS

    def __call__(self) -> int:
        return self.ms


def newborn(
    *,
    speed: int = 0,
    seed: int = 1,
    without: frozenset[str] = NO_CHANCE,
    adverse_path: bool = False,
    feeds: Mapping[str, Feed] | None = None,
    clock: Clock | None = None,
    symbols: Sequence[str] = ("BTC", "ETH"),
) -> Exchange:
    """Give an exchange born now, with one account of 10 000 USD; BTC at 96 000 unless fed."""
    clock, feeds = clock or Clock(), feeds or {}
    markets = {}
    for name in symbols:
        symbol = SYMBOLS[name]
        feed = feeds.get(name) or Synthetic(symbol, seed, "jumps" not in without)
        markets[name] = Market(symbol, feed, [VENUE], without)
    x = Exchange(
        [VENUE],
        markets,
        keeper=Kept(),
        now_ms=clock,
        speed=speed,
        seed=seed,
        without=without,
        adverse_path=adverse_path,
    )
    minute = clock.ms // 60_000
    x.second = minute * 60
    for market in markets.values():
        past = market.feed if isinstance(market.feed, Synthetic) else Synthetic(market.symbol, seed)
        market.bear(minute, past)
    if "BTC" not in feeds:
        jump(x, "BTC", 96_000_000_000)
        markets["BTC"].thin_until = 0
    x.add_account(Account(VENUE.name, NAME, deposits=10_000_000_000))
    x.commit()
    return x


def account(x: Exchange) -> Account:
    """Give the one account."""
    return x.accounts[VENUE.name, NAME]


def order(buy: bool, size: str, price: float, **more: Any) -> Wanted:
    """Give a BTC order; price in USD."""
    trigger = more.pop("trigger", None)
    return Wanted(
        more.pop("symbol", "BTC"),
        buy,
        round(price * 1e6),
        Decimal(size),
        trigger=None if trigger is None else round(trigger * 1e6),
        **more,
    )


def stop(buy: bool, size: str, trigger: float, price: float, **more: Any) -> Wanted:
    """Give a reduce-only market stop."""
    return order(buy, size, price, trigger=trigger, market=True, reduce_only=True, **more)
