"""The state of the paper exchange: markets, accounts, orders, what changed and what is to be told."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from venues.paper.accounts import Account, Margins, margins
from venues.paper.candles import Candle
from venues.paper.events import AccountChanged, Event, Filled, Funded, OrderChanged
from venues.paper.instruments import Instrument, Venue
from venues.paper.market import Market
from venues.paper.orders import Fill, Order, Payment, Status

AccountKey = tuple[str, str]
REMEMBERED = 10_000  # fills and payments of an account; older ones stay on disk
CLOSED_ORDERS = 5_000
RECORDS = 10_000


@dataclass(frozen=True)
class Rate:
    """A funding rate as it was paid: market milliseconds, rate and premium in 10^-10."""

    symbol: str
    at_ms: int
    rate: int
    premium: int


@dataclass
class Batch:
    """All that changed since the last commit."""

    accounts: dict[AccountKey, Account] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    candles: list[tuple[str, Candle]] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)
    markets: dict[str, Market] = field(default_factory=dict)
    forgotten_before: dict[str, int] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)


class Keeper(Protocol):
    """What puts a batch on disk before anybody is told of it."""

    def save(self, batch: Batch, counters: Mapping[str, Any]) -> None:
        """Write everything in one durable transaction."""


class Exchange:
    """One paper exchange. Used on one thread; a change is told and answered only after `commit`."""

    def __init__(
        self,
        venues: Sequence[Venue],
        markets: Mapping[str, Market],
        *,
        keeper: Keeper,
        now_ms: Callable[[], int],
        speed: int = 1,
        seed: int = 1,
        without: frozenset[str] = frozenset(),
        adverse_path: bool = False,
    ) -> None:
        self.venues = {venue.name: venue for venue in venues}
        self.markets = dict(markets)
        self.keeper = keeper
        self.now_ms = now_ms
        self.speed = speed
        self.seed = seed
        self.without = without
        self.adverse_path = adverse_path
        self.second = 0
        self.part = 0.0  # of a market second that has passed already
        self.accounts: dict[AccountKey, Account] = {}
        self.orders: dict[int, Order] = {}
        self.open: dict[str, dict[int, Order]] = defaultdict(dict)
        self.by_client: dict[tuple[str, str, str], int] = {}
        self.closed: dict[AccountKey, deque[int]] = defaultdict(deque)
        self.fills: dict[AccountKey, deque[Fill]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.payments: dict[AccountKey, deque[Payment]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.rates: dict[str, deque[Rate]] = defaultdict(lambda: deque(maxlen=500))
        self.numbers = {
            "order": 1_000_000,
            "fill": 5_000_000,
            "payment": 1,
            "print": 900_000_000,
            "record": 0,
        }
        self.records: dict[str, dict[str, Any]] = {}
        self.batch = Batch()
        self.events: list[Event] = []
        self.listeners: list[Callable[[list[Event]], None]] = []

    # ── time ────────────────────────────────────────────────────────────────────

    @property
    def market_ms(self) -> int:
        """Give market time in milliseconds: birth + elapsed × speed."""
        return self.second * 1000 + int(self.part * 1000)

    @property
    def pace_ms(self) -> int:
        """Give the clock that delays are measured on: market time, wall time where that stands still."""
        return self.market_ms if self.speed else self.now_ms()

    def number(self, kind: str) -> int:
        """Give the next number of a kind; never given twice, across restarts."""
        self.numbers[kind] += 1
        return self.numbers[kind]

    # ── reading ─────────────────────────────────────────────────────────────────

    def instrument(self, venue: str, symbol: str) -> Instrument:
        """Give a venue's instrument."""
        return self.venues[venue].instruments[symbol]

    def marks(self, venue: str) -> dict[str, int]:
        """Give the mark price of every symbol that a venue lists."""
        return {symbol: one.marks[venue] for symbol, one in self.markets.items() if venue in one.marks}

    def margins(self, account: Account) -> Margins:
        """Give an account's margins at this moment's marks."""
        venue = self.venues[account.venue]
        return margins(account, venue.instruments, self.marks(venue.name), venue.default_leverage)

    def orders_of(self, account: Account) -> list[Order]:
        """Give an account's open orders and waiting triggers, oldest first."""
        mine = (account.venue, account.name)
        found = (order for orders in self.open.values() for order in orders.values())
        return sorted((one for one in found if (one.venue, one.account) == mine), key=lambda one: one.oid)

    def order_by_client(self, account: Account, client_id: str) -> Order | None:
        """Give the latest order of a client id."""
        return self.orders.get(self.by_client.get((account.venue, account.name, client_id), -1))

    # ── changing ────────────────────────────────────────────────────────────────

    def touch(self, account: Account) -> None:
        """Note that an account changed."""
        key = (account.venue, account.name)
        self.batch.accounts[key] = account
        self.events.append(AccountChanged(*key))

    def add_account(self, account: Account) -> None:
        """Take a new account."""
        self.accounts[account.venue, account.name] = account
        self.touch(account)

    def index(self, order: Order) -> None:
        """Make an order findable, forgetting the oldest closed one of an account past 5 000."""
        self.orders[order.oid] = order
        if order.client_id is not None:
            self.by_client[order.venue, order.account, order.client_id] = order.oid
        if not order.is_final:
            self.open[order.symbol][order.oid] = order
            return
        self.open[order.symbol].pop(order.oid, None)
        closed = self.closed[order.venue, order.account]
        closed.append(order.oid)
        if len(closed) > CLOSED_ORDERS:
            self._forget(self.orders.pop(closed.popleft()))

    def _forget(self, order: Order) -> None:
        if order.client_id is not None:
            key = (order.venue, order.account, order.client_id)
            if self.by_client.get(key) == order.oid:
                del self.by_client[key]

    def set_status(self, order: Order, status: Status, reason: str | None = None) -> None:
        """Give an order a status, to be kept and told."""
        order.status, order.reason, order.status_ms = status, reason, self.now_ms()
        self.index(order)
        self.batch.orders[order.oid] = order
        self.events.append(OrderChanged(replace(order)))

    def keep(self, name: str, state: dict[str, Any]) -> None:
        """Keep what only a face knows of, by a name of its own; the latest 10 000 stay at hand."""
        self.records[name] = self.batch.records[name] = state
        if len(self.records) > RECORDS:
            del self.records[next(iter(self.records))]

    def add_fills(self, fills: Iterable[Fill]) -> None:
        """Take the executions of one order."""
        taken = tuple(fills)
        for fill in taken:
            self.fills[fill.venue, fill.account].append(fill)
            self.batch.fills.append(fill)
        self.events.append(Filled(taken))

    def add_payment(self, payment: Payment) -> None:
        """Take a funding payment."""
        self.payments[payment.venue, payment.account].append(payment)
        self.batch.payments.append(payment)
        self.events.append(Funded(payment))

    def counters(self) -> dict[str, Any]:
        """Give the clock and the numbers as they are kept."""
        return {"second": self.second, "part": self.part, **self.numbers}

    def commit(self) -> None:
        """Put everything that changed on disk, then tell it."""
        batch, events = self.batch, self.events
        self.keeper.save(batch, self.counters())
        self.batch, self.events = Batch(), []
        for listener in self.listeners:
            listener(events)
