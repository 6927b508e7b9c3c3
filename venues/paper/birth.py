"""Opens the exchange: what the disk holds, or a market born now with its history."""

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from venues.paper.exchange import Exchange
from venues.paper.face import Face, FaceModule
from venues.paper.feeds import feeds
from venues.paper.funding import remember
from venues.paper.market import Market
from venues.paper.store import Store
from venues.paper.symbols import SYMBOLS
from venues.paper.synthetic import Synthetic

HOURS_OF_RATES = 24


def wall_ms() -> int:
    """Give wall time in milliseconds."""
    return time.time_ns() // 1_000_000


def open_exchange(
    settings: Any, store: Store, now_ms: Callable[[], int] = wall_ms
) -> tuple[Exchange, list[Face]]:
    """Give the exchange as it was left, else a newborn one, and its faces; on disk when this returns."""
    modules = [cast(FaceModule, import_module(name)) for name in settings.FACES]
    venues = [module.VENUE for module in modules]
    without, seed = settings.EXCHANGE_WITHOUT, settings.EXCHANGE_SEED
    sources = feeds(settings.EXCHANGE_FEED, seed, "jumps" not in without, settings.BASE_DIR)
    markets = {name: Market(SYMBOLS[name], feed, venues, without) for name, feed in sources.items()}
    x = Exchange(
        venues,
        markets,
        keeper=store,
        now_ms=now_ms,
        speed=settings.EXCHANGE_SPEED,
        seed=seed,
        without=without,
        adverse_path=settings.EXCHANGE_PATH == "adverse",
    )
    if not store.load(x):
        _bear(x, seed)
        x.commit()
    return x, [module.open_face(x) for module in modules]


def _bear(x: Exchange, seed: int) -> None:
    minute = x.now_ms() // 60_000
    x.second = minute * 60
    for name, market in x.markets.items():
        past = market.feed if isinstance(market.feed, Synthetic) else Synthetic(market.symbol, seed)
        market.bear(minute, past)
        x.batch.markets[name] = market
        x.batch.candles += [(name, candle) for candle in market.candles]
        remember(x, name, HOURS_OF_RATES)


def describe_feeds(markets: Mapping[str, Market]) -> str:
    """Give a line that says where prices come from."""
    replayed = [
        f"{name} {market.feed.name}" for name, market in markets.items() if "replay" in market.feed.name
    ]
    return ", ".join(replayed) or "synthetic"
