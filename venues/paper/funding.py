"""Hourly funding on oracle price × size, in market time."""

import random

from venues.paper.exchange import Exchange, Rate
from venues.paper.instruments import divide
from venues.paper.market import Market
from venues.paper.orders import Payment

HOUR_S = 3600
RATE_UNIT = 10**10
MEAN, SPREAD, STRESS = 125_000, 100_000, 5_000_000  # 0.00125 %, 0.001 % and 0.05 % an hour
STRESSED = 3.0


def rate(x: Exchange, market: Market, second: int | None = None) -> int:
    """Give the rate of an hour in 10^-10: around 0.00125 %, 0.05 % in a storm that goes on now."""
    if second is None and market.stress > STRESSED:
        return STRESS if market.basis >= 0 else -STRESS
    hour = (x.second if second is None else second) // HOUR_S
    return round(random.Random(f"{x.seed}:funding:{market.symbol.name}:{hour}").gauss(MEAN, SPREAD))


def remember(x: Exchange, symbol: str, hours: int) -> None:
    """Give a newborn market the rates of the hours before it."""
    begun = x.second - x.second % HOUR_S
    for second in range(begun - (hours - 1) * HOUR_S, begun + 1, HOUR_S):
        _note(x, Rate(symbol, second * 1000, rate(x, x.markets[symbol], second), 0))


def _note(x: Exchange, paid: Rate) -> None:
    x.rates[paid.symbol].append(paid)
    x.batch.rates.append(paid)


def pay(x: Exchange) -> None:
    """Pay an hour's funding on every position: the long pay where the rate is above zero."""
    if "funding" in x.without:
        return
    for symbol, market in x.markets.items():
        hourly = rate(x, market)
        premium = round(market.basis * RATE_UNIT / market.oracle)
        _note(x, Rate(symbol, x.second * 1000, hourly, premium))
        _pay_symbol(x, market, hourly)


def _pay_symbol(x: Exchange, market: Market, hourly: int) -> None:
    symbol = market.symbol.name
    for account in x.accounts.values():
        position = account.positions.get(symbol)
        if position is None:
            continue
        notional = x.instrument(account.venue, symbol).notional(position.lots, market.oracle)
        amount = -divide(notional * hourly, RATE_UNIT)
        account.funding += amount
        position.funding_open -= amount
        position.funding_all -= amount
        x.touch(account)
        number = x.number("payment")
        x.add_payment(
            Payment(
                number,
                account.venue,
                account.name,
                symbol,
                amount,
                position.lots,
                hourly,
                x.now_ms(),
            )
        )
