"""Asks algorithms which side they want: about each candle that closes, and once at a start.

A candle is acted on once. Which it was is kept in the candles' own clock, which may run apart from
every other: a paper exchange's runs at its speed, or stands still.
"""

import logging

from venues.contract.errors import ProductError
from venues.trader import entering
from venues.trader.core import Core
from venues.trader.desk import Desk
from venues.trader.gateway import Candle

log = logging.getLogger(__name__)

AGAIN_S = 5.0


def hear_candle(core: Core, candle: Candle) -> None:
    """Take a candle that has closed, and ask everyone on its symbol."""
    state = core.markets.get(candle.symbol)
    if state is None or not candle.closed or candle.open_ms <= state.newest_ms:
        return
    state.candles.append(candle)
    if state.history_read:  # a few candles would get a wrong answer
        for desk in core.on_symbol(candle.symbol):
            _ask(core, desk)


async def prepare(core: Core) -> None:
    """Read the candles that this connection lacks; only opening waits for them, so nothing else fails."""
    core.candles_next = core.now() + AGAIN_S
    try:
        await _read_history(core)
    except ProductError as error:
        log.warning("candles not read: %s", error.detail)


def step(core: Core) -> None:
    """Read candles again that could not be read, every 5 s, and ask everyone as soon as they are."""
    if core.reconciled and core.asks and core.now() >= core.candles_next:
        core.candles_next = core.now() + AGAIN_S
        core.spawn(_read_again(core))


async def _read_again(core: Core) -> None:
    await prepare(core)
    if core.reconciled:
        ask_at_start(core)


async def _read_history(core: Core) -> None:
    """Read the closed candles of every market, as many as the algorithms on it want to see."""
    for symbol, state in core.markets.items():
        if state.market is not None and not state.history_read:
            wanted = [desk.algorithm.history for desk in core.on_symbol(symbol) if desk.algorithm]
            state.take_history(await core.gateway.candles(symbol, max(wanted, default=1)))


def ask_at_start(core: Core) -> None:
    """Ask everyone, once a connection, about the last closed candle where that is not spent.

    One spent later than any there is was not told, or is of a market that was born anew.
    """
    if not core.asks or any(one.market and not one.history_read for one in core.markets.values()):
        return
    core.asks = False
    for desk in core.desks.values():
        desk.spent_ms = min(desk.spent_ms, desk.market.newest_ms)
        if desk.market.newest_ms > desk.spent_ms:
            _ask(core, desk)


def _ask(core: Core, desk: Desk) -> None:
    """Ask the algorithm which side it wants; what it raises disables nothing and is an alarm."""
    if desk.algorithm is None:
        return
    candles = list(desk.market.candles)[-desk.algorithm.history :]
    try:
        wanted = desk.algorithm.wanted(candles, desk.held)
    except Exception:
        core.alarm("%s/%s: its algorithm failed", *desk.key)
        log.exception("algorithm")
        return
    entering.take_signal(core, desk, wanted)
    core.step(desk)
