"""The paper market in time: seconds pass, prices move, triggers fire, funding is paid."""

from venues.paper.accounts import Account
from venues.paper.bars import POINTS
from venues.paper.events import CandleClosed, Priced
from venues.paper.exchange import Exchange
from venues.paper.funding import HOUR_S, pay
from venues.paper.matching import cancel
from venues.paper.triggers import fire


def advance(x: Exchange, elapsed_s: float) -> None:
    """Let wall time pass: every market second that it holds, one after the other; no commit."""
    x.part += elapsed_s * x.speed
    for _ in range(int(x.part)):
        x.part -= 1
        step(x)
    cancel_scheduled(x)


def step(x: Exchange) -> None:
    """Go one market second on, with everything that follows from it."""
    x.second += 1
    begins = x.second % POINTS == 0
    for symbol, market in x.markets.items():
        closed = market.step(x.second, x.pace_ms, low_first(x, symbol) if begins else None)
        if closed is not None:
            x.batch.candles.append((symbol, closed))
            x.events.append(CandleClosed(symbol, closed))
        x.batch.markets[symbol] = market
        if symbol in x.open:
            fire(x, symbol)
    if x.second % HOUR_S == 0:
        pay(x)


def low_first(x: Exchange, symbol: str) -> bool | None:
    """Give which extreme of the next minute comes first: the one adverse to what is held, in that mode."""
    if not x.adverse_path:
        return None
    held = sum(account.position(symbol).lots for account in x.accounts.values())
    return None if held == 0 else held > 0


def jump(x: Exchange, symbol: str, price: int) -> None:
    """Move a market to a price at once; triggers fire at it."""
    market = x.markets[symbol]
    market.jump(price, x.pace_ms)
    x.batch.markets[symbol] = market
    x.events.append(Priced(symbol))
    fire(x, symbol)


def cancel_scheduled(x: Exchange) -> None:
    """Carry out what accounts have asked for by scheduleCancel: all their orders go, stops too."""
    now = x.now_ms()
    for account in x.accounts.values():
        if account.cancel_at is not None and account.cancel_at <= now:
            account.cancel_at = None
            x.touch(account)
            cancel_all(x, account)


def cancel_all(x: Exchange, account: Account) -> None:
    """Cancel every order of an account."""
    for order in x.orders_of(account):
        cancel(x, order, "scheduled_cancel")
