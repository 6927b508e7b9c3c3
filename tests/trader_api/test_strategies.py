"""The built-in algorithms: a side from closed candles, the same every time, and soon."""

import math
import random
from collections.abc import Sequence
from decimal import Decimal

import pytest

from venues.serving.environment import BASE_DIR
from venues.trader.gateway import Candle
from venues.trader.roster import load
from venues.trader.strategies.base import Strategy, Wanted
from venues.trader.strategies.builtin import BUILT_IN, Breakout, EmaCross, MeanReversion

MINUTE_MS = 60_000


def candles(closes: Sequence[float]) -> list[Candle]:
    """Candles that open where the one before closed, with a little room above and below."""
    found = []
    for number, close in enumerate(closes):
        opened = closes[number - 1] if number else close
        high, low = max(opened, close) * 1.0002, min(opened, close) * 0.9998
        first, top, bottom, last = (Decimal(repr(round(price, 4))) for price in (opened, high, low, close))
        found.append(Candle("BTC", number * MINUTE_MS, first, top, bottom, last, Decimal(1)))
    return found


def walk(seed: int, count: int = 500) -> list[Candle]:
    """A seeded market: drift that turns, noise, now and then a jump."""
    chance = random.Random(seed)
    price, closes = 64_000.0, []
    for number in range(count):
        drift = 0.0002 * math.sin(number / 40 + seed)
        jump = chance.choice((-0.01, 0.01)) if chance.random() < 0.005 else 0.0
        price *= 1 + drift + jump + chance.gauss(0, 0.0006)
        closes.append(price)
    return candles(closes)


def side(algorithm: Strategy, history: Sequence[Candle], held: Wanted = "flat") -> Wanted:
    return algorithm.wanted(history[-algorithm.history :], held)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_algorithm_opens_something_on_a_market_and_the_same_each_time(name: str) -> None:
    history = walk(7)
    asked = [[side(BUILT_IN[name](), history[:end]) for end in range(100, 500)] for _ in range(2)]
    assert asked[0] == asked[1]
    assert {"long", "short"} & set(asked[0])


@pytest.mark.parametrize("name", ["ema_cross", "mean_reversion", "breakout"])
def test_an_algorithm_that_reads_the_market_takes_both_sides(name: str) -> None:
    history = walk(7)
    assert {"long", "short"} <= {side(BUILT_IN[name](), history[:end]) for end in range(100, 500)}


@pytest.mark.parametrize("seed", range(20))
def test_every_shipped_strategy_wants_a_side_as_soon_as_it_is_asked(seed: int) -> None:
    for entry in load(BASE_DIR / "venues/hyperliquid/strategies.toml"):
        assert side(entry.algorithm, walk(seed)) in {"long", "short"}, entry.strategy_id


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_too_few_candles_are_no_error(name: str, count: int) -> None:
    assert side(BUILT_IN[name](), walk(1, count)) in {"long", "short", "flat"}


@pytest.mark.parametrize("name", ["ema_cross", "mean_reversion", "breakout"])
def test_a_market_that_never_moved_gives_no_side(name: str) -> None:
    still = Decimal(64_000)
    flat = [Candle("BTC", n * MINUTE_MS, still, still, still, still, Decimal(0)) for n in range(300)]
    assert side(BUILT_IN[name](), flat) == "flat"


def test_always_long_and_always_short_need_no_candle() -> None:
    assert side(BUILT_IN["always_long"](), []) == "long"
    assert side(BUILT_IN["always_short"](), []) == "short"


def test_ema_cross_follows_the_trend_and_turns_with_it() -> None:
    up = [100 + number * 0.1 for number in range(200)]
    down = [up[-1] - number * 0.1 for number in range(200)]
    assert side(EmaCross(), candles(up)) == "long"
    assert side(EmaCross(), candles(up + down)) == "short"


def test_mean_reversion_bets_on_the_way_back_and_leaves_at_the_average() -> None:
    calm = [100 + 0.05 * (number % 2) for number in range(60)]
    algorithm = MeanReversion(window=30, entry=2, leave=0)
    assert side(algorithm, candles([*calm, 99.0])) == "long"
    assert side(algorithm, candles([*calm, 101.0])) == "short"
    assert side(algorithm, candles([*calm, 99.0, 99.7])) == "long"
    assert side(algorithm, candles([*calm, 99.0, 100.1])) == "flat"


def test_breakout_goes_with_the_last_break_of_its_channel() -> None:
    calm = [100 + 0.05 * (number % 2) for number in range(60)]
    algorithm = Breakout(window=20)
    assert side(algorithm, candles(calm)) == "flat"
    assert side(algorithm, candles([*calm, 101.0])) == "long"
    assert side(algorithm, candles([*calm, 101.0, 100.9, 100.95])) == "long"
    assert side(algorithm, candles([*calm, 101.0, 98.0])) == "short"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ema_cross", {"fast": 0}),
        ("ema_cross", {"fast": True}),
        ("ema_cross", {"fast": Decimal("2.5")}),
        ("ema_cross", {"fast": 50, "slow": 50}),
        ("ema_cross", {"slow": 10_000}),
        ("mean_reversion", {"window": 1}),
        ("mean_reversion", {"entry": -1}),
        ("mean_reversion", {"entry": "1"}),
        ("mean_reversion", {"entry": Decimal("NaN")}),
        ("mean_reversion", {"entry": 1, "leave": 2}),
        ("breakout", {"window": "20"}),
        ("breakout", {"size": 20}),
        ("always_long", {"side": "short"}),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(name: str, parameters: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="|".join(parameters)):
        BUILT_IN[name](**parameters)


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_algorithm_wants_more_history_than_the_exchange_is_born_with(name: str) -> None:
    assert BUILT_IN[name]().history <= 500
