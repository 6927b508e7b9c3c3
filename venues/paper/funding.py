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


def rate(x: Exchange, market: Market) -> int:
    """Give the hour's rate in 10^-10: around 0.00125 %, up to 0.05 % after a stormy hour."""
    chance = random.Random(f"{x.seed}:funding:{market.symbol.name}:{x.second // HOUR_S}")
    if market.stress > STRESSED:
        return STRESS if market.basis >= 0 else -STRESS
    return round(chance.gauss(MEAN, SPREAD))


def pay(x: Exchange) -> None:
    """Pay an hour's funding on every position: the long pay where the rate is above zero."""
    if "funding" in x.without:
        return
    for symbol, market in x.markets.items():
        hourly = rate(x, market)
        premium = round(market.basis * RATE_UNIT / market.oracle)
        paid = Rate(symbol, x.second * 1000, hourly, premium)
        x.rates[symbol].append(paid)
        x.batch.rates.append(paid)
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
