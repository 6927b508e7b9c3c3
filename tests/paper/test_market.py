"""How a market moves: inside a minute, between minutes, at a jump, and across a restart."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paper.newborn import (
    BORN_MS,
    NO_CHANCE,
    Clock,
    Kept,
    Scripted,
    account,
    newborn,
    order,
    stop,
)
from venues.hyperliquid.paper.markets import VENUE
from venues.paper import report
from venues.paper.bars import POINTS, Bar, path
from venues.paper.book import levels, shown, walk
from venues.paper.engine import advance, jump, step
from venues.paper.events import CandleClosed
from venues.paper.exchange import Exchange
from venues.paper.market import Market
from venues.paper.placing import place
from venues.paper.symbols import SYMBOLS
from venues.paper.synthetic import Synthetic

FALL = [Bar(96_000, 96_100, 95_000, 95_500, 10.0), Bar(94_000, 94_500, 93_900, 94_200, 5.0)]
prices = st.floats(1, 1_000, allow_nan=False)


def run(x: Exchange, seconds: int) -> list[int]:
    mids = []
    for _ in range(seconds):
        step(x)
        mids.append(x.markets["BTC"].mid)
    return mids


@given(prices, prices, prices, prices, st.sampled_from([None, True, False]))
def test_a_path_goes_from_open_to_close_through_both_extremes(
    opened: float, closed: float, up: float, down: float, low_first: bool | None
) -> None:
    bar = Bar(opened, max(opened, closed) + up, min(opened, closed) / (1 + down), closed, 1.0)
    points = path(bar, low_first)
    assert len(points) == POINTS >= 20
    assert (points[0], points[-1], max(points), min(points)) == (bar.open, bar.close, bar.high, bar.low)
    if low_first is not None:
        assert (points.index(bar.low) < points.index(bar.high)) == low_first


def test_the_extreme_nearer_to_the_open_comes_first() -> None:
    points = path(Bar(100, 101, 90, 95, 1.0))
    assert points.index(101) < points.index(90)


def test_trades_of_a_feed_are_the_path_themselves() -> None:
    assert set(path(Bar(1, 3, 1, 2, 1.0, (1, 3, 2)))) == {1, 3, 2}


def test_the_adverse_extreme_comes_first_where_that_is_asked_for() -> None:
    bars = [Bar(96_000, 96_000, 96_000, 96_000, 0.0), Bar(96_000, 96_100, 94_000, 96_000, 1.0)]
    for adverse, first in ((False, 96_100), (True, 94_000)):
        x = newborn(speed=1, feeds={"BTC": Scripted(bars)}, adverse_path=adverse)
        place(x, account(x), [order(True, "0.01", 97_000, tif="ioc")])
        mids = run(x, 2 * POINTS)
        other = 94_000 if first == 96_100 else 96_100
        assert mids.index(first * 1_000_000) < mids.index(other * 1_000_000)


def test_between_two_minutes_the_market_jumps_and_a_stop_slips() -> None:
    x = newborn(speed=1, feeds={"BTC": Scripted(FALL)})
    place(x, account(x), [order(True, "0.01", 97_000, tif="ioc")])
    place(x, account(x), [stop(False, "0.01", 94_900, 86_000)])
    mids = run(x, POINTS)
    fill = list(x.fills["hyperliquid", account(x).name])[-1]
    assert mids[-2:] == [95_500_000_000, 94_000_000_000]
    assert not fill.buy
    assert fill.price < 94_000_000_000


def test_a_minute_that_ends_is_told_as_the_candle_it_was() -> None:
    x = newborn(speed=1, feeds={"BTC": Scripted(FALL)})
    run(x, POINTS)
    closed = [e.candle for e in x.events if isinstance(e, CandleClosed) and e.symbol == "BTC"]
    (candle,) = closed
    assert (candle.open_ms, candle.volume) == (BORN_MS, 10.0)
    assert (candle.open, candle.high, candle.low, candle.close) == (
        96_000_000_000,
        96_100_000_000,
        95_000_000_000,
        95_500_000_000,
    )


def test_born_with_five_hundred_minutes_that_end_where_the_feed_begins() -> None:
    x = newborn(feeds={"BTC": Scripted(FALL)})
    candles = list(x.markets["BTC"].candles)
    assert len(candles) == 500
    assert candles[-1].open_ms == BORN_MS - 60_000
    assert candles[-1].close == 96_000_000_000
    assert all(b.open_ms - a.open_ms == 60_000 for a, b in itertools.pairwise(candles))


def test_speed_multiplies_market_time_and_zero_stands_still() -> None:
    fast, still = newborn(speed=600), newborn(speed=0)
    for x in (fast, still):
        for _ in range(10):
            advance(x, 0.05)
    assert fast.market_ms - still.market_ms == 300_000
    assert still.market_ms == BORN_MS


def test_the_mark_is_neither_mid_nor_oracle_while_the_market_moves() -> None:
    x = newborn(speed=1, without=NO_CHANCE - {"mark"})
    market, apart, steps = x.markets["BTC"], 0, set()
    for _ in range(600):
        before = market.marks["hyperliquid"]
        step(x)
        if market.marks["hyperliquid"] != before:
            steps.add(market.second % 3)
        apart += market.marks["hyperliquid"] != market.mid != market.oracle
        assert abs(market.marks["hyperliquid"] / market.mid - 1) < 0.01
    assert apart > 400
    assert steps == {0}  # every three seconds, and only then


def test_a_venue_lists_what_it_likes_of_the_market_s_symbols() -> None:
    small = replace(VENUE, name="small", instruments={"BTC": VENUE.instruments["BTC"]})
    venues = [small, VENUE]
    feeds = {name: Synthetic(SYMBOLS[name], 1) for name in ("BTC", "ETH")}
    markets = {name: Market(SYMBOLS[name], feed, venues, NO_CHANCE) for name, feed in feeds.items()}
    x = Exchange(venues, markets, keeper=Kept(), now_ms=Clock())
    for name, market in markets.items():
        market.bear(BORN_MS // 60_000, feeds[name])
    run(x, 5)
    jump(x, "ETH", 3_000_000_000)
    assert set(x.marks("small")) == {"BTC"}
    assert x.marks(VENUE.name)["ETH"] == 3_000_000_000
    assert {name: one["mark"] for name, one in report.prices(x).items()}["ETH"] == "3000"
    kept = markets["ETH"].to_json()
    markets["ETH"].restore(kept)
    assert markets["ETH"].marks == {VENUE.name: 3_000_000_000}


def test_the_oracle_is_the_mid_of_up_to_three_seconds_ago() -> None:
    x = newborn(speed=1, without=NO_CHANCE - {"mark"})
    mids = run(x, 10)
    step(x)
    assert x.markets["BTC"].oracle in mids[-3:]


def test_without_the_model_mark_and_oracle_are_the_mid() -> None:
    x = newborn(speed=1)
    run(x, 30)
    market = x.markets["BTC"]
    assert market.marks["hyperliquid"] == market.oracle == market.mid


def test_a_jump_moves_mark_mid_and_oracle_at_once_and_the_feed_goes_on_from_there() -> None:
    x = newborn(speed=1, without=NO_CHANCE - {"mark"}, feeds={"BTC": Scripted(FALL)})
    jump(x, "BTC", 48_000_000_000)
    market = x.markets["BTC"]
    assert market.mid == market.oracle == market.marks["hyperliquid"] == 48_000_000_000
    assert run(x, POINTS)[-2] == 47_750_000_000  # the bar's close, at half the price


@pytest.mark.parametrize(("symbol", "spread_bp"), [("BTC", 1), ("ETH", 1.5), ("SOL", 3), ("HYPE", 10)])
def test_the_spread_is_the_symbols(symbol: str, spread_bp: float) -> None:
    x = newborn(symbols=["BTC", symbol])
    market = x.markets[symbol]
    bid, ask = market.touch(x.instrument("hyperliquid", symbol))
    assert spread_bp * 0.9 <= (ask - bid) / market.mid * 10_000 <= spread_bp + 1.5


def test_the_spread_widens_with_volatility() -> None:
    x = newborn()
    instrument = x.instrument("hyperliquid", "BTC")
    narrow = x.markets["BTC"].touch(instrument)
    x.markets["BTC"].stress = 4.0
    wide = x.markets["BTC"].touch(instrument)
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_two_millions_lie_within_ten_basis_points_of_bitcoin_and_a_fifth_after_a_jump() -> None:
    x = newborn()
    instrument, market = x.instrument("hyperliquid", "BTC"), x.markets["BTC"]

    def depth() -> float:
        limit = market.mid * 1_001 // 1_000
        taken = walk(market, instrument, True, 10**12, limit, x.pace_ms)
        return sum(price * lots for price, lots in taken) / 1e11

    assert 1_400_000 < depth() < 2_600_000
    jump(x, "BTC", 97_000_000_000)
    assert depth() < 600_000
    x.now_ms.ms += 61_000  # type: ignore[attr-defined]
    assert depth() > 1_400_000


def test_a_book_is_sorted_on_ticks_and_not_crossed() -> None:
    x = newborn(symbols=["BTC", "kPEPE", "SOL"])
    for symbol, market in x.markets.items():
        instrument = x.instrument("hyperliquid", symbol)
        bids, asks = shown(market, instrument, x.pace_ms)
        assert len(bids) == len(asks) == 20
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0][0] < asks[0][0]
        assert all(price % instrument.tick(price) == 0 and lots > 0 for price, lots in bids + asks)


def test_without_depth_the_touch_holds_everything() -> None:
    x = newborn(without=NO_CHANCE | {"depth"})
    (_, lots) = next(levels(x.markets["BTC"], x.instrument("hyperliquid", "BTC"), True, 0))
    assert lots == 10**18


def test_a_market_goes_on_after_a_restart_as_if_nothing_had_been() -> None:
    whole, broken = (newborn(speed=1, seed=3, without=frozenset()) for _ in range(2))
    expected = run(whole, 200)
    first = run(broken, 90)
    state = {name: market.to_json() for name, market in broken.markets.items()}
    again = newborn(speed=1, seed=3, without=frozenset())
    again.second = broken.second
    for name, market in again.markets.items():
        market.restore(state[name])
    assert first + run(again, 110) == expected
    assert again.markets["BTC"].marks == whole.markets["BTC"].marks
    assert again.markets["BTC"].candle == whole.markets["BTC"].candle
