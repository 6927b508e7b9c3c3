"""A venue in memory that follows the Gateway protocol and misbehaves when it is told to."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from venues.contract.errors import Refused, Unknown, Unreachable
from venues.trader.gateway import (
    AccountRead,
    Candle,
    Connected,
    Event,
    Fill,
    Funding,
    Market,
    OrderReply,
    OrderRequest,
    OrderState,
    Prices,
    never,
)
from venues.trader.gateways.leaving import LATEST_EXPIRY_MS, SOONEST_EXPIRY_MS

POST_ONLY = "Only post-only orders allowed immediately after network upgrade"
FEE = Decimal("0.00045")


@dataclass(frozen=True)
class WholeDollars(Market):
    """A market whose tick is one dollar."""

    def price_up(self, price: Decimal) -> Decimal:
        return price.to_integral_value(rounding=ROUND_CEILING)

    def price_down(self, price: Decimal) -> Decimal:
        return price.to_integral_value(rounding=ROUND_FLOOR)


def btc(symbol: str = "BTC") -> WholeDollars:
    return WholeDollars(
        symbol=symbol,
        size_decimals=5,
        min_size=Decimal("0.00001"),
        min_notional=Decimal(10),
        max_leverage=40,
        taker_fee=FEE,
        maker_fee=Decimal("0.00015"),
        stop_worst=Decimal("0.1"),
        maintenance=Decimal("0.0125"),
    )


@dataclass
class Resting:
    request: OrderRequest
    order_id: str
    waiting: bool = False


class Venue:
    """One account. `mark` moves the price; the switches below make the next commands go wrong."""

    network = "paper"
    venue = "memory"
    client_id_bits = 128

    def __init__(self) -> None:
        self.listen: Callable[[Event], None] = lambda event: None
        self.marks: dict[str, Decimal] = {}
        self.position: dict[str, Decimal] = {}
        self.cash = Decimal(10_000)
        self.resting: dict[int, Resting] = {}
        self.done: dict[int, OrderState] = {}
        self.book_of_fills: list[Fill] = []
        self.payments: list[Funding] = []
        self.sent: list[OrderRequest] = []
        self.lanes: list[tuple[str, bool]] = []  # what came, and whether on the lane kept for closing
        self.history: list[Candle] = []
        self.levers: dict[str, tuple[int, bool]] = {}
        self.now_ms = 1_700_000_000_000
        self.next_id = 0
        self.skew: int | None = 0  # venue time minus wall time
        self.lose_answers = 0  # executed, and no answer comes
        self.swallow = 0  # never arrives, and no answer comes
        self.refuse_closes = ""  # the sentence that every close gets
        self.refuse_stops = ""
        self.refuse_leverage = ""  # of BTC
        self.post_only = False  # refuses what does not rest
        self.fill_share = Decimal(1)  # of an IOC order
        self.silent_fills = False  # fills are not pushed, only read
        self.away = False  # the stream does not come up
        self.unread = False  # the account cannot be read
        self.before_send: Callable[[], None] | None = None
        self.while_reading: Callable[[], None] | None = None  # happens once, after the account was read
        self.stop_share = Decimal(1)  # of a stop that is triggered
        self.lost_cancels = 0  # cancels that get no answer and do nothing
        self.reads: Counter[str] = Counter()
        self.held: list[Event] | None = None  # events that wait, to be told late and in any order
        self.problems: list[str] = []

    # -- what a test does

    def mark(self, symbol: str, price: str | int, oracle: str | int | None = None) -> None:
        """Move the price and fire stops, in the venue's order: fills, then the price."""
        self.marks[symbol] = Decimal(price)
        self.fire(symbol)
        near = Decimal(oracle if oracle is not None else price)
        self.listen(Prices(symbol, Decimal(price), near, near))

    def fire(self, symbol: str) -> None:
        """Trigger what the mark has reached; nobody is told of the price."""
        for client_id, one in list(self.resting.items()):
            request = one.request
            if request.symbol != symbol or request.trigger is None or one.waiting:
                continue
            down = request.side == "sell"
            hit = self.marks[symbol] <= request.trigger if down else self.marks[symbol] >= request.trigger
            if hit and client_id in self.resting:
                del self.resting[client_id]
                share = btc().size_down(self._closable(request) * self.stop_share)
                self._execute(request, one.order_id, share)

    def take(self, symbol: str, share: str = "1") -> None:
        """Let somebody take what rests at its own price."""
        for client_id, one in list(self.resting.items()):
            if one.request.symbol == symbol and one.request.trigger is None:
                size = btc().size_down(self._closable(one.request) * Decimal(share))
                left = replace(one.request, size=one.request.size - size)
                del self.resting[client_id]
                self._execute(one.request, one.order_id, size)
                if left.size:
                    self.resting[client_id] = replace(one, request=left)

    def tell(self, event: Event) -> None:
        """Tell an event, or keep it back."""
        if self.held is None:
            self.listen(event)
        else:
            self.held.append(event)

    def release(self, order: Callable[[list[Event]], None] = lambda events: None) -> None:
        """Tell what was kept back, put in another order first."""
        events, self.held = self.held or [], None
        order(events)
        for event in events:
            self.listen(event)

    def candle(self, symbol: str) -> None:
        """Close a minute."""
        price = self.marks[symbol]
        opened = (self.history[-1].open_ms if self.history else 0) + 60_000
        candle = Candle(symbol, opened, price, price, price, price, Decimal(1))
        self.history.append(candle)
        self.listen(candle)

    def by_hand(self, symbol: str, side: str, size: str) -> None:
        """A fill of the account that is no order of ours."""
        request = OrderRequest(
            0, symbol, "buy" if side == "buy" else "sell", Decimal(size), Decimal(0), "entry", False
        )
        self._execute(request, "by-hand", Decimal(size), client_id=None)

    def equity(self) -> Decimal:
        return self.cash + sum(
            (size * self.marks[symbol] for symbol, size in self.position.items()), Decimal(0)
        )

    def stops(self, symbol: str) -> list[OrderRequest]:
        return [
            one.request
            for one in self.resting.values()
            if one.request.trigger is not None and one.request.symbol == symbol and not one.waiting
        ]

    # -- the protocol

    async def start(
        self,
        listen: Callable[[Event], None],
        symbols: Sequence[str] = (),
        is_closing: Callable[[], bool] = never,
    ) -> None:
        self.listen = listen
        if not self.away:
            listen(Connected())

    async def stop(self) -> None:
        self.listen = lambda event: None

    async def check(self) -> list[str]:
        return self.problems

    async def markets(self, symbols: Sequence[str]) -> dict[str, Market]:
        return {symbol: btc(symbol) for symbol in symbols if symbol in self.marks}

    async def account(self) -> AccountRead:
        if self.unread:
            raise Unreachable("no answer")
        self.reads["account"] += 1
        held = {symbol: size for symbol, size in self.position.items() if size}
        read = AccountRead(self.equity(), Decimal(0), self.equity(), held, self.now_ms)
        happens, self.while_reading = self.while_reading, None
        if happens is not None:
            happens()
        return read

    async def prices(self) -> list[Prices]:
        return [Prices(symbol, mark, mark, mark) for symbol, mark in self.marks.items()]

    async def candles(self, symbol: str, count: int) -> list[Candle]:
        return [candle for candle in self.history if candle.symbol == symbol][-count:]

    async def open_orders(self) -> list[OrderState]:
        self.reads["open_orders"] += 1
        return [self._state(one) for one in self.resting.values()]

    async def order(self, symbol: str, client_id: int) -> OrderState | None:
        self.reads["order"] += 1
        if client_id in self.resting:
            return self._state(self.resting[client_id])
        return self.done.get(client_id)

    async def fills(self, since_ms: int) -> list[Fill]:
        self.reads["fills"] += 1
        return [fill for fill in self.book_of_fills if fill.at_ms >= since_ms]

    async def funding(self, since_ms: int) -> list[Funding]:
        return [payment for payment in self.payments if payment.at_ms >= since_ms]

    async def leverage(self, symbol: str) -> tuple[int, bool]:
        return self.levers.get(symbol, (20, True))

    async def set_leverage(self, symbol: str, leverage: int, cross: bool) -> None:
        if self.refuse_leverage and symbol == "BTC":
            raise Refused(self.refuse_leverage)
        self.levers[symbol] = (leverage, cross)

    async def place(
        self, orders: Sequence[OrderRequest], permit: Callable[[], bool], *, closing: bool = False
    ) -> list[OrderReply]:
        await asyncio.sleep(0)
        if self.before_send is not None:
            self.before_send()
        if not permit():
            raise Unreachable("the gate is closed", code="denied")
        if any(order.expires_ms is not None and self._lives_wrong(order.expires_ms) for order in orders):
            raise Unreachable("it does not expire 1 to 60 s on", code="expired")
        self.sent.extend(orders)
        self.lanes.append((orders[0].kind, closing))
        if self.swallow:
            self.swallow -= 1
            raise Unknown("no answer")
        replies = [
            self._take(order, parent=orders[0] if order is not orders[0] else None) for order in orders
        ]
        if self.lose_answers:
            self.lose_answers -= 1
            raise Unknown("no answer")
        return replies

    async def cancel(self, orders: Sequence[tuple[str, int]], *, closing: bool = False) -> list[OrderReply]:
        self.lanes.append(("cancel", closing))
        if self.lost_cancels:
            self.lost_cancels -= 1
            raise Unreachable("no answer")
        return [self._cancel(client_id) for _, client_id in orders]

    def venue_ms(self) -> int:
        return self.now_ms

    def skew_ms(self) -> int | None:
        return self.skew

    def counters(self) -> dict[str, float]:
        return {}

    # -- inside

    def _lives_wrong(self, expires_ms: int) -> bool:
        return not SOONEST_EXPIRY_MS <= expires_ms - self.now_ms <= LATEST_EXPIRY_MS

    def _take(self, order: OrderRequest, parent: OrderRequest | None) -> OrderReply:
        self.next_id += 1
        order_id = str(self.next_id)
        if order.trigger is not None:
            if self.refuse_stops:
                return self._final(order, order_id, "rejected", Decimal(0), self.refuse_stops)
            filled = self.done[parent.client_id].filled if parent is not None else order.size
            if filled != (parent or order).size:
                return self._final(order, order_id, "canceled", Decimal(0), "its parent was filled in part")
            self.resting[order.client_id] = Resting(order, order_id)
            return OrderReply(order.client_id, "open", order_id)
        if self.post_only and order.ioc:
            return self._final(order, order_id, "rejected", Decimal(0), POST_ONLY)
        if order.post_only:
            return self._rest(order, order_id)
        if order.reduce_only and self.refuse_closes:
            return self._final(order, order_id, "rejected", Decimal(0), self.refuse_closes)
        size = order.size if not order.reduce_only else self._closable(order)
        if not size:
            return self._final(
                order, order_id, "rejected", size, "Reduce only order would increase position."
            )
        size = btc().size_down(size * self.fill_share)
        return self._execute(order, order_id, size)

    def _rest(self, order: OrderRequest, order_id: str) -> OrderReply:
        mark = self.marks[order.symbol]
        if order.price < mark if order.side == "sell" else order.price > mark:
            said = f"Post only order would have immediately matched, bbo was {mark}@{mark}."
            return self._final(order, order_id, "rejected", Decimal(0), said)
        self.resting[order.client_id] = Resting(order, order_id)
        return OrderReply(order.client_id, "open", order_id)

    def _closable(self, order: OrderRequest) -> Decimal:
        held = self.position.get(order.symbol, Decimal(0))
        reduces = held > 0 if order.side == "sell" else held < 0
        return min(order.size, abs(held)) if reduces else Decimal(0)

    def _execute(
        self, order: OrderRequest, order_id: str, size: Decimal, client_id: int | None = -1
    ) -> OrderReply:
        price = self.marks[order.symbol]
        if size:
            signed = size if order.side == "buy" else -size
            self.position[order.symbol] = self.position.get(order.symbol, Decimal(0)) + signed
            fee = round(size * price * FEE, 6)
            self.cash -= signed * price + fee
            self.next_id += 1
            own = order.client_id if client_id == -1 else client_id
            fill = Fill(
                str(self.next_id), order.symbol, order.side, price, size, fee, self.now_ms, order_id, own
            )
            self.book_of_fills.append(fill)
            if not self.silent_fills:
                self.tell(fill)
        return self._final(order, order_id, "filled" if size == order.size else "canceled", size, "")

    def _final(
        self, order: OrderRequest, order_id: str, status: str, filled: Decimal, said: str
    ) -> OrderReply:
        state = OrderState(
            order.symbol, order.side, status, order_id, order.client_id, order.size, filled,  # type: ignore[arg-type]
            order.trigger, order.price, order.reduce_only, said, self.now_ms,
        )  # fmt: skip
        self.done[order.client_id] = state
        if order.trigger is not None:
            self.tell(state)
        return OrderReply(order.client_id, state.status, order_id, filled, said or None)

    def _cancel(self, client_id: int) -> OrderReply:
        one = self.resting.pop(client_id, None)
        if one is None:
            return OrderReply(client_id, "unknown")
        self.done[client_id] = replace(self._state(one), status="canceled", filled=Decimal(0))
        return OrderReply(client_id, "canceled", one.order_id, Decimal(0))

    def _state(self, one: Resting) -> OrderState:
        order = one.request
        return OrderState(
            order.symbol, order.side, "waiting" if one.waiting else "open", one.order_id, order.client_id,
            order.size, Decimal(0), order.trigger, order.price, order.reduce_only,
        )  # fmt: skip
