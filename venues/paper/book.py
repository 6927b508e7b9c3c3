"""The book around a market's price: levels with depth, and what an order takes from them."""

import random
from collections.abc import Iterator
from itertools import islice

from venues.paper.instruments import Instrument
from venues.paper.market import Market

WITHIN_BP = 10
STEP_PPM = 100  # one basis point between levels
THINNED = 5
SHOWN = 20
MOST_LEVELS = 20_000


def levels(market: Market, instrument: Instrument, buying: bool, pace_ms: int) -> Iterator[tuple[int, int]]:
    """Give (price, lots) from the touch outwards: the asks for a buyer, the bids for a seller.

    Depth is the symbol's USD within 10 bp of mid, spread evenly and going on beyond; a fifth of it
    for a minute after a jump over 1 % (paper-exchange.md, "spread, depth").
    """
    bid, ask = market.touch(instrument)
    price = ask if buying else bid
    depth = market.symbol.depth / (THINNED if pace_ms < market.thin_until else 1)
    count = max(1, WITHIN_BP - int(market.symbol.spread_bp / 2))
    chance = random.Random(f"{market.symbol.name}:{market.second}:{buying}")
    offset = max(1, market.mid * STEP_PPM // 1_000_000)
    for _ in range(MOST_LEVELS):
        dollars = depth / count * chance.uniform(0.5, 1.5)
        lots = int(dollars * 1e6 * 10**instrument.size_decimals / price)
        yield price, 10**18 if "depth" in market.without else max(lots, 1)
        price = instrument.up(price + offset) if buying else instrument.down(price - offset)
        if price <= instrument.tick(price):
            return


def walk(
    market: Market, instrument: Instrument, buying: bool, lots: int, limit: int, pace_ms: int
) -> list[tuple[int, int]]:
    """Give what an order of `lots` gets up to its limit price: [(price, lots)], best first."""
    taken = []
    for price, there in levels(market, instrument, buying, pace_ms):
        if lots <= 0 or (price > limit if buying else price < limit):
            break
        part = min(lots, there)
        taken.append((price, part))
        lots -= part
    return taken


def shown(market: Market, instrument: Instrument, pace_ms: int) -> tuple[list[tuple[int, int]], ...]:
    """Give (bids, asks), twenty levels each, best first."""
    return tuple(list(islice(levels(market, instrument, buying, pace_ms), SHOWN)) for buying in (False, True))
