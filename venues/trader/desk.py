"""What the engine holds in memory of one strategy, its orders and its market."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from venues.contract.limits import RiskLimits
from venues.contract.money import from_micros
from venues.contract.names import StrategyKey
from venues.contract.states import Denial, Kill, Side
from venues.trader.clientid import Kind
from venues.trader.gateway import FINAL, BuySell, Candle, Market, OrderRequest, OrderState, Prices
from venues.trader.killswitch import MarkFilter
from venues.trader.ledger import Ledger, price_micros
from venues.trader.strategies.base import Strategy, Wanted

CANDLES_KEPT = 600
UNTOLD = 2**62  # later than any candle: which have closed is known only once they are read


@dataclass(eq=False)
class Order:
    """An order of ours from the moment it is decided. Status "new" until the venue is asked."""

    client_id: int
    kind: Kind
    epoch: int
    side: BuySell
    size: Decimal
    price: Decimal
    trigger: Decimal | None = None
    expires_ms: int | None = None
    created_ms: int = 0
    status: str = "new"
    order_id: str = ""
    filled: Decimal = Decimal(0)
    booked: Decimal = Decimal(0)
    said: str = ""
    sent_at: float = 0.0
    changed_at: float = 0.0
    cancel_at: float | None = None
    asked_at: float = float("-inf")
    asked_wait: float = 0.0
    presumed: bool = False  # final because the venue did not show it: what it says later counts

    @property
    def live(self) -> bool:
        """Whether it may still fill."""
        return self.status not in FINAL

    @property
    def settled(self) -> bool:
        """Whether it is final and every fill the venue told of is booked."""
        return not self.live and self.booked >= self.filled

    @property
    def is_resting_close(self) -> bool:
        """Whether it closes at its own price, as long as it takes: alone of what closes it expires never."""
        return self.kind in {"close", "kill"} and self.expires_ms is None

    @property
    def resting(self) -> bool:
        """Whether the venue has said that it rests or waits for its trigger."""
        return self.status in {"open", "triggered"}

    def request(self, symbol: str) -> OrderRequest:
        """Give it as the gateway takes it."""
        return OrderRequest(
            client_id=self.client_id,
            symbol=symbol,
            side=self.side,
            size=self.size,
            price=self.price,
            kind="close" if self.kind == "kill" else self.kind,
            reduce_only=self.kind != "entry",
            trigger=self.trigger,
            ioc=self.trigger is None and not self.is_resting_close,
            post_only=self.is_resting_close,
            expires_ms=None if self.trigger is not None else self.expires_ms,
        )

    def learn(self, status: str, filled: Decimal | None, said: str, now: float) -> None:
        """Take what the venue says of it; what is final stays final, what is filled only grows."""
        if filled is not None:
            self.filled = max(self.filled, min(filled, self.size))
        if said:
            self.said = said
        if (
            (self.live or self.presumed)
            and status != self.status
            and not (status == "open" and self.status == "triggered")
        ):
            self.status = status
            self.presumed = False
            self.changed_at = now


@dataclass
class MarketState:
    """One symbol: the venue's rules, the last prices and when they came, the candles."""

    symbol: str
    market: Market | None = None
    prices: Prices | None = None
    received: float = float("-inf")
    read_since_connect: bool = False
    leverage_ok: bool = False
    leverage_said: str = "not read yet"
    odd_lots: int = 0  # held by the venue beyond the ledgers, and since when nothing explains it
    odd_since: float | None = None
    mark: int = 0
    for_long: int = 0
    for_short: int = 0
    counts: bool = False
    filter: MarkFilter = field(default_factory=MarkFilter)
    candles: deque[Candle] = field(default_factory=lambda: deque(maxlen=CANDLES_KEPT))
    history_read: bool = False

    def take(self, prices: Prices, now: float) -> None:
        """Take one message's prices; the mark filter decides which figure each side's check uses."""
        mid = price_micros(prices.mid) if prices.mid else None
        oracle = price_micros(prices.oracle) if prices.oracle else None
        self.mark = price_micros(prices.mark)
        self.counts, self.for_long, self.for_short = self.filter.read(self.mark, mid, oracle)
        self.prices = prices
        self.received = now

    def take_history(self, read: Sequence[Candle]) -> None:
        """Take closed candles that were read; those heard meanwhile stay."""
        merged = {candle.open_ms: candle for candle in (*read, *self.candles)}
        self.candles = deque((merged[at] for at in sorted(merged)), maxlen=CANDLES_KEPT)
        self.history_read = True

    @property
    def newest_ms(self) -> int:
        """When the last closed candle opened, in the candles' own clock."""
        return self.candles[-1].open_ms if self.candles else 0

    @property
    def known(self) -> Market:
        """The venue's rules; asked for only where they have been read."""
        if self.market is None:
            raise LookupError(f"the market {self.symbol} is not read yet")
        return self.market


@dataclass(eq=False)
class Desk:
    """One strategy: its settings in force, its ledgers, its orders, and what it is about to do."""

    number: int
    key: StrategyKey
    name: str
    algorithm: Strategy | None
    leverage: int
    model_reward: Decimal | None
    market: MarketState
    limits: RiskLimits
    enabled: bool
    revision: int
    epoch: int
    ledger: Ledger
    kill: Kill | None = None
    flatten: bool = True
    peak: int = 0
    spent_ms: int = 0  # candles opened up to then, in their own clock, move the strategy no more
    marks_saved: tuple[int, int] = (0, 0)
    saving_marks: bool = False
    retired: bool = False
    check_failed: str = ""
    old: dict[int, Ledger] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    last_number: int = 0

    signal: Wanted | None = None
    close_cause: str = ""
    close_tries: int = 0
    close_next: float = 0.0
    close_since: float | None = None
    alarm_next: float = 0.0
    stop_next: float = 0.0
    fired: Order | None = None  # the stop of the open trade that has begun to fill
    past_since: float | None = None
    uncovered_since: float | None = None
    uncovered_ms: int = 0
    stop_cut_at: float | None = None
    uncovered_alarm_next: float = 0.0
    confirming: bool = False
    confirm_since: float | None = None
    confirm_next: float = 0.0
    confirm_wait: float = 0.0
    not_durable: str = ""
    persisting: bool = False
    last_denial: Denial | None = None
    denials: int = 0
    closed_by: str = ""
    resetting: bool = False
    shown: tuple[Any, ...] | None = None  # the part of its row that no price moves, as it was last told

    @property
    def marks(self) -> tuple[int, int]:
        """What moves often and is written once a second: the high-water mark, the last candle spent."""
        return self.peak, self.spent_ms

    def spend_signal(self) -> None:
        """Act no more on what the algorithm said of the last closed candle."""
        self.signal, self.spent_ms = None, self.market.newest_ms

    @property
    def killed(self) -> bool:
        """Whether the gate is closed by the kill switch."""
        return self.kill is not None

    @property
    def side(self) -> Side | None:
        """The side held; None when flat."""
        if not self.ledger.lots:
            return None
        return "long" if self.ledger.lots > 0 else "short"

    @property
    def held(self) -> Wanted:
        """The side held as a strategy names it."""
        return self.side or "flat"

    @property
    def exit_side(self) -> BuySell:
        """The side of an order that reduces what the current epoch holds."""
        return "sell" if self.ledger.lots > 0 else "buy"

    @property
    def lots(self) -> int:
        """Signed lots over all epochs."""
        return self.ledger.lots + sum(ledger.lots for ledger in self.old.values())

    def live(self, *kinds: str) -> list[Order]:
        """Give the orders of these kinds that may still fill, oldest first."""
        return [order for order in self.orders.values() if order.kind in kinds and order.live]

    def closing_at_once(self) -> list[Order]:
        """Give the closing orders on their way that do not rest."""
        return [order for order in self.unsettled("close", "kill") if not order.is_resting_close]

    def unsettled(self, *kinds: str) -> list[Order]:
        """Give the orders of these kinds that may still fill or whose fills are not all booked."""
        return [order for order in self.orders.values() if order.kind in kinds and not order.settled]

    def total(self) -> int | None:
        """Give total_pnl in micro-dollars at the mark; None where a position has no known mark."""
        if self.ledger.lots and not self.market.mark:
            return None
        return self.ledger.total(self.market.mark)

    def total_for_check(self) -> int:
        """Give total_pnl at the price that counts for the side held."""
        price = self.market.for_long if self.ledger.lots > 0 else self.market.for_short
        return self.ledger.total(price)

    def total_dollars(self) -> Decimal | None:
        """Give total_pnl in USD."""
        total = self.total()
        return None if total is None else from_micros(total)

    def forget_settled(self) -> None:
        """Drop orders that can no longer matter, keeping the last few for the pages."""
        if len(self.orders) > 60:
            done = [order for order in self.orders.values() if order.settled]
            for order in done[:-10]:
                del self.orders[order.client_id]

    def adopt(self, state: OrderState, kind: Kind, epoch: int, now: float) -> Order:
        """Take in an order of ours that the venue shows and memory does not have."""
        price = state.price if state.price is not None else Decimal(0)
        order = Order(
            state.client_id or 0, kind, epoch, state.side, state.size, price, state.trigger,
            status=state.status, order_id=state.order_id, sent_at=now, changed_at=now,
        )  # fmt: skip
        if state.filled is not None:
            order.filled = state.filled
        self.orders[order.client_id] = order
        return order
