"""Tells subscribers what happened to orders and accounts, at the venue's uneven pace."""

import asyncio
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from venues.hyperliquid.paper import shapes
from venues.hyperliquid.paper.bodies import VENUE
from venues.hyperliquid.paper.prices import own_trade
from venues.paper.events import Event, Filled, Funded, OrderChanged
from venues.paper.exchange import Exchange
from venues.paper.orders import Fill

LATEST_EVENT_S = 0.2
LATEST_FUNDING_S = 3.0
TOLD_TWICE = 0.05
MOST_PARTS = 5
Push = Callable[[str, Callable[[], Mapping[str, Any]]], None]


class Line:
    """Messages that wait their turn: each told at its time, none before the one that came before it."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[float, Callable[[], None]]] = deque()

    def put(self, tell: Callable[[], None], delay_s: float) -> None:
        """Tell now where nothing waits and nothing delays it, else in turn."""
        if not self.waiting and not delay_s:
            tell()
            return
        due = time.monotonic() + delay_s
        self.waiting.append((due, tell))
        if len(self.waiting) == 1:
            asyncio.get_running_loop().call_at(due, self._tell_due)

    def _tell_due(self) -> None:
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, tell = self.waiting.popleft()
            tell()
        if self.waiting:
            asyncio.get_running_loop().call_at(self.waiting[0][0], self._tell_due)


class Teller:
    """Turns events of one commit into messages for `push(key, message)`, in their order."""

    def __init__(self, exchange: Exchange, push: Push) -> None:
        self.x = exchange
        self.push = push
        self.chance = random.Random(exchange.seed)
        self.orders = Line()
        self.payments = Line()

    def tell(self, events: list[Event]) -> None:
        """Tell of the venue's orders, fills and payments; half of the time a little late."""
        mine = [one for one in events if venue_of(one) == VENUE]
        orders = [one for one in mine if isinstance(one, OrderChanged)]
        fills = [one for one in mine if isinstance(one, Filled)]
        if orders or fills:
            late = "late_events" not in self.x.without and self.chance.random() < 0.5
            self.orders.put(lambda: self._tell_orders(orders), self._delay(late))
            for filled in fills:
                self._tell_fills(filled, late)
        for funded in (one for one in mine if isinstance(one, Funded)):
            self._tell_funding(funded)

    def _delay(self, late: bool, most_s: float = LATEST_EVENT_S / MOST_PARTS) -> float:
        """Give seconds to wait: a share of market time, so that it shrinks as the market runs faster."""
        return self.chance.uniform(0, most_s) / max(self.x.speed, 1) if late else 0.0

    def _tell_orders(self, changes: list[OrderChanged]) -> None:
        updates: dict[str, list[Any]] = defaultdict(list)
        dropped: dict[str, list[Any]] = defaultdict(list)
        for change in changes:
            order = change.order
            updates[order.account].append(shapes.update(self.x, order))
            if order.status.endswith("_canceled"):
                dropped[order.account].append({"coin": order.symbol, "oid": order.oid})
        for user, shown in updates.items():
            self._push_now(f"orderUpdates:{user}", "orderUpdates", shown)
        for user, gone in dropped.items():
            self._push_now(f"userEvents:{user}", "user", {"nonUserCancel": gone})

    def _push_now(self, key: str, channel: str, data: Any) -> None:
        self.push(key, lambda: {"channel": channel, "data": data})

    def _tell_fills(self, filled: Filled, late: bool) -> None:
        """Tell an order's fills together, or one by one within the 200 ms they take."""
        if not late:
            self.orders.put(lambda: self._push_fills(filled.fills), 0)
            return
        for one in filled.fills:
            self.orders.put(lambda part=(one,): self._push_fills(part), self._delay(late))  # type: ignore[misc]

    def _push_fills(self, fills: tuple[Fill, ...]) -> None:
        user, symbol = fills[0].account, fills[0].symbol
        instrument = self.x.instrument(VENUE, symbol)
        shown = [shapes.fill(instrument, one) for one in fills]
        self._push_now(f"userFills:{user}", "userFills", {"user": user, "fills": shown})
        self._push_now(f"userEvents:{user}", "user", {"fills": shown})
        self._push_now(f"trades:{symbol}", "trades", [own_trade(one, user) for one in shown])

    def _tell_funding(self, funded: Funded) -> None:
        late = "late_funding" not in self.x.without
        times = 1 + (late and self.chance.random() < TOLD_TWICE)
        for _ in range(times):
            self.payments.put(lambda: self._push_funding(funded), self._delay(late, LATEST_FUNDING_S))

    def _push_funding(self, funded: Funded) -> None:
        one = funded.payment
        shown = shapes.funding(self.x.instrument(VENUE, one.symbol), one)
        said = {"user": one.account, "fundings": [shown]}
        self._push_now(f"userFundings:{one.account}", "userFundings", said)
        self._push_now(f"userEvents:{one.account}", "user", {"funding": shown})


def venue_of(event: Event) -> str | None:
    """Give the venue of an order's, a fill's or a payment's event; None for any other."""
    match event:
        case OrderChanged(order):
            return order.venue
        case Filled(fills):
            return fills[0].venue
        case Funded(payment):
            return payment.venue
        case _:
            return None
