"""Hourly funding in market time, on oracle price × size."""

from tests.paper.newborn import NO_CHANCE, account, newborn, order
from venues.paper.engine import advance, step
from venues.paper.funding import HOUR_S, pay, rate
from venues.paper.instruments import divide
from venues.paper.placing import place


def test_the_long_pay_the_short_what_the_rate_says() -> None:
    long, short = newborn(speed=1), newborn(speed=1)
    place(long, account(long), [order(True, "0.1", 97_000, tif="ioc")])
    place(short, account(short), [order(False, "0.1", 95_000, tif="ioc")])
    for x in (long, short):
        pay(x)
    (paid,), (got,) = (x.payments["hyperliquid", account(x).name] for x in (long, short))
    market = long.markets["BTC"]
    assert paid.amount == -divide(9_600_000_000 * rate(long, market), 10**10)
    assert got.amount == -paid.amount != 0
    assert account(long).funding == paid.amount
    assert account(long).position("BTC").funding_open == -paid.amount


def test_it_is_counted_on_the_oracle_and_not_on_the_book() -> None:
    x = newborn(speed=1)
    place(x, account(x), [order(True, "0.1", 97_000, tif="ioc")])
    market = x.markets["BTC"]
    market.mid, market.oracle = 120_000_000_000, 90_000_000_000
    pay(x)
    (paid,) = x.payments["hyperliquid", account(x).name]
    assert paid.amount == -divide(9_000_000_000 * rate(x, market), 10**10) != 0


def test_it_is_paid_once_an_hour_of_market_time_whatever_the_speed() -> None:
    x = newborn(speed=600)
    place(x, account(x), [order(True, "0.1", 97_000, tif="ioc")])
    for _ in range(130):
        advance(x, 0.1)  # 130 × 60 s: two hours and ten minutes
    assert len(x.payments["hyperliquid", account(x).name]) == 2
    assert len(x.rates["BTC"]) == 2
    assert all(one.at_ms % (HOUR_S * 1000) == 0 for one in x.rates["BTC"])


def test_a_still_market_and_a_flat_account_pay_nothing() -> None:
    still, flat = newborn(speed=0), newborn(speed=600)
    place(still, account(still), [order(True, "0.1", 97_000, tif="ioc")])
    for x in (still, flat):
        for _ in range(70):
            advance(x, 0.1)
        assert not x.payments["hyperliquid", account(x).name]


def test_rates_lie_around_the_mean_and_rise_in_a_storm() -> None:
    x = newborn()
    market = x.markets["BTC"]
    rates = [rate(x, market, hour * HOUR_S) for hour in range(2_000)]
    assert 115_000 < sum(rates) / len(rates) < 135_000
    market.stress = 4.0
    assert abs(rate(x, market)) == 5_000_000


def test_funding_can_be_switched_off() -> None:
    x = newborn(speed=1, without=NO_CHANCE | {"funding"})
    place(x, account(x), [order(True, "0.1", 97_000, tif="ioc")])
    for _ in range(HOUR_S):
        step(x)
    assert account(x).funding == 0
