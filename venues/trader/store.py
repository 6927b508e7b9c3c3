"""The trader's memory on disk: one thread writes, and an awaited write has been synced."""

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from django.db import Error as DatabaseFailure
from django.db import transaction
from django.db.models import F, Max, Q

from venues.contract.limits import RiskLimits
from venues.contract.names import StrategyKey
from venues.contract.states import Kill, Trade
from venues.serving.parsers import dump_json
from venues.trader.desk import Desk
from venues.trader.desk import Order as LiveOrder
from venues.trader.gateway import FINAL
from venues.trader.models import Booking, ClosedTrade, Fact, Order, Strategy

Result = TypeVar("Result")


class NotStored(Exception):
    """The disk did not take it: full, locked or failing."""


TRADES_SHOWN = 200
SEEN_KEPT = 20_000


@dataclass
class Memory:
    """Everything a start needs."""

    strategies: list[Strategy]
    bookings: list[Booking]
    orders: list[Order]
    trades: list[Trade]
    seen: set[tuple[str, str]]
    facts: dict[str, Any] = field(default_factory=dict)
    newest_ms: dict[str, int] = field(default_factory=dict)  # of each kind of booking, whatever its epoch


class Store:
    """Reads and writes the database away from the loop; writes are in the order they were asked for."""

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="store")

    async def _run(self, step: Callable[..., Result], *arguments: Any) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, step, *arguments)
        except (DatabaseFailure, OSError) as error:
            raise NotStored(str(error)) from error

    async def load(self) -> Memory:
        """Give what was remembered."""
        return await self._run(_load)

    async def strategy(self, key: StrategyKey, limits: RiskLimits, enabled: bool) -> Strategy:
        """Give the strategy's row, made with these settings where it is new."""
        return await self._run(_strategy, key, limits, enabled)

    async def keep_kill(self, desk: Desk) -> None:
        """Write epoch, kill and marks, synced on return; settings that another write has on its way stay."""
        await self._run(_write, [(desk.number, kill_columns(desk))])

    async def keep_marks(self, desk: Desk) -> None:
        """Write the high-water mark of the desk's epoch and its last candle spent."""
        await self._run(_write_marks, desk.number, desk.epoch, *desk.marks)

    async def write(self, changes: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Write columns of several strategies in one transaction, before memory has them."""
        await self._run(_write, changes)

    async def add_orders(self, number: int, orders: Sequence[LiveOrder], spent_ms: int | None = None) -> None:
        """Store orders before they are sent, and with an entry the candle whose signal it spends."""
        await self._run(_add_orders, number, [order_row(number, order) for order in orders], spent_ms)

    async def update_order(self, order: LiveOrder) -> None:
        """Store what became of an order."""
        await self._run(_update_order, order.client_id, order.status, order.order_id, str(order.filled))

    async def book(self, bookings: Sequence[Booking], trades: Sequence[tuple[int, Trade]]) -> None:
        """Store bookings and the trades they closed in one transaction; what is there stays."""
        await self._run(_book, bookings, trades)

    async def fact(self, name: str, value: Any) -> None:
        """Store a named value."""
        await self._run(_fact, name, value)

    def close(self) -> None:
        """Wait for writes under way."""
        self._executor.shutdown(wait=True, cancel_futures=False)


def kill_text(kill: Kill | None) -> str:
    """Give a kill as the column holds it."""
    return dump_json(kill.to_json()) if kill else ""


def kill_columns(desk: Desk) -> dict[str, Any]:
    """Give the columns of a desk's kill as they are to be stored."""
    kept = {"peak": desk.peak, "spent_ms": desk.spent_ms}
    return {"epoch": desk.epoch, "kill": kill_text(desk.kill), **kept}


def read_kill(text: str) -> Kill | None:
    """Give a stored kill."""
    return Kill.from_json(json.loads(text, parse_float=Decimal)) if text else None


def order_row(number: int, order: LiveOrder) -> Order:
    """Give an order as a row."""
    return Order(
        client_id=str(order.client_id),
        strategy_id=number,
        epoch=order.epoch,
        kind=order.kind,
        side=order.side,
        size=str(order.size),
        price=str(order.price),
        trigger=None if order.trigger is None else str(order.trigger),
        status=order.status,
        expires_ms=order.expires_ms,
        created_ms=order.created_ms,
    )


def live_order(row: Order) -> LiveOrder:
    """Give a stored order back; what was on its way is unknown until the venue tells."""
    status = "unknown" if row.status in {"new", "sent"} else row.status
    return LiveOrder(
        client_id=int(row.client_id),
        kind=row.kind,  # type: ignore[arg-type]  # written from a Kind
        epoch=row.epoch,
        side=row.side,  # type: ignore[arg-type]  # written from a BuySell
        size=Decimal(row.size),
        price=Decimal(row.price),
        trigger=Decimal(row.trigger) if row.trigger else None,
        expires_ms=row.expires_ms,
        created_ms=row.created_ms,
        status=status,
        order_id=row.order_id,
        filled=Decimal(row.filled or 0),
    )


def _load() -> Memory:
    current = Q(strategy__isnull=True) | Q(epoch__gte=F("strategy__epoch") - 1)
    trades = ClosedTrade.objects.order_by("-id")[:TRADES_SHOWN]
    # A venue tells its last 2 000 fills again on every connection.
    recent = Booking.objects.order_by("-id")[:SEEN_KEPT]
    return Memory(
        strategies=list(Strategy.objects.order_by("id")),
        bookings=list(Booking.objects.filter(current).order_by("at_ms", "id")),
        orders=list(Order.objects.exclude(status__in=FINAL).order_by("id")),
        trades=[Trade.from_json(json.loads(row.body, parse_float=Decimal)) for row in trades],
        seen=set(recent.values_list("kind", "venue_id")),
        facts=dict(Fact.objects.values_list("name", "value")),
        newest_ms=dict(Booking.objects.values_list("kind").annotate(newest=Max("at_ms"))),
    )


def _strategy(key: StrategyKey, limits: RiskLimits, enabled: bool) -> Strategy:
    row, _ = Strategy.objects.get_or_create(
        strategy_id=key.strategy_id, symbol=key.symbol, defaults={**limits.to_json(), "enabled": enabled}
    )
    return row


def _write(changes: Sequence[tuple[int, dict[str, Any]]]) -> None:
    with transaction.atomic():
        for number, values in changes:
            Strategy.objects.filter(pk=number).update(**values)


def _write_marks(number: int, epoch: int, peak: int, spent_ms: int) -> None:
    Strategy.objects.filter(pk=number, epoch=epoch).update(peak=peak, spent_ms=spent_ms)


def _add_orders(number: int, rows: list[Order], spent_ms: int | None) -> None:
    with transaction.atomic():
        Order.objects.bulk_create(rows, ignore_conflicts=True)
        if spent_ms is not None:
            Strategy.objects.filter(pk=number).update(spent_ms=spent_ms)


def _update_order(client_id: int, status: str, order_id: str, filled: str) -> None:
    Order.objects.filter(client_id=str(client_id)).update(status=status, order_id=order_id, filled=filled)


def _book(bookings: Sequence[Booking], trades: Sequence[tuple[int, Trade]]) -> None:
    with transaction.atomic():
        Booking.objects.bulk_create(bookings, ignore_conflicts=True)
        for number, trade in trades:
            body = dump_json(trade.to_json())
            ClosedTrade.objects.create(strategy_id=number, epoch=trade.epoch, body=body)


def _fact(name: str, value: Any) -> None:
    Fact.objects.update_or_create(name=name, defaults={"value": value})
