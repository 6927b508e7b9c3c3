"""The kill step in the trader's process: fill → ledger → check → gate closed."""

import logging
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from bench import bare
from bench.table import beside, heading, interleaved

TIMES = 20_000
PRICE, FEE, LOTS = 64_210_500_000, 28_894, 1_200


def steps() -> dict[str, Any]:
    """Give the trader's own step, once where it trips and once where it does not."""
    from venues.contract.limits import RiskLimits
    from venues.contract.money import to_micros
    from venues.contract.names import StrategyKey
    from venues.contract.states import Kill
    from venues.trader import gate
    from venues.trader.core import Core
    from venues.trader.desk import Desk, MarketState
    from venues.trader.killswitch import trips
    from venues.trader.ledger import Ledger

    limits = RiskLimits(max_strategy_loss=Decimal(1_000_000))  # so that only the planted loss trips
    market = MarketState("BTC")
    market.mark = market.for_long = market.for_short = PRICE
    desk = Desk(
        1,
        StrategyKey("momentum", "BTC"),
        "Momentum",
        None,
        5,
        None,
        market,
        limits,
        True,
        0,
        0,
        Ledger(5),
    )
    core = cast(Core, SimpleNamespace(halted="", connected=True, reconciled=True))
    limit = to_micros(desk.limits.max_strategy_loss)
    kill = Kill(epoch=0, at="", cause="loss")
    desk.ledger.fill(2 * LOTS, PRICE, FEE, 0)
    side = 1

    def fill_and_check() -> None:
        nonlocal side
        side = -side
        desk.ledger.fill(side * LOTS, PRICE, FEE, 0)
        if trips(desk.total_for_check(), desk.peak, limit):
            raise AssertionError("so many fees were not paid")

    def fill_and_kill() -> None:
        nonlocal side
        desk.kill, side = None, -side
        desk.ledger.fill(side * LOTS, PRICE, FEE, 0)
        if trips(desk.total_for_check() - 2 * limit, desk.peak, limit):
            desk.kill = kill
        if gate.opening_closed(core, desk) != "killed":
            raise AssertionError("the gate is open")

    return {"checked": fill_and_check, "killed": fill_and_kill}


def run() -> None:
    """Print the step beside a Decimal subtraction and compare."""
    logging.disable(logging.WARNING)
    found = interleaved({**steps(), "decimal": bare.compare()}, TIMES)
    heading(f"The kill step in the process, rounds of {TIMES}")
    against = "Decimal subtract and compare"
    beside("fill → ledger → check", found["checked"], against, found["decimal"])
    beside(
        "fill → ledger → check → gate closed, seen by the gate",
        found["killed"],
        against,
        found["decimal"],
        "≤ × 6",
    )
