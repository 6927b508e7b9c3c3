"""The engine's shared state: desks, markets, what was read and when, and the tasks under way."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from venues.contract.names import StrategyKey
from venues.contract.states import Denial, Trade
from venues.serving.hub import Hub
from venues.trader.clientid import ClientId, Kind
from venues.trader.desk import Desk, MarketState
from venues.trader.gateway import AccountRead, Gateway
from venues.trader.killswitch import KillOn
from venues.trader.ledger import Ledger
from venues.trader.store import Store

log = logging.getLogger(__name__)

FRESH_S = 10.0
NUMBERS = "next_number"  # the fact that tells from where on client ids are unused
RESERVED = 1000


@dataclass(frozen=True)
class Config:
    """The trader's own settings; PM cannot change them. slip is a fraction, max_risk percent."""

    kill_on: KillOn = "loss"
    on_kill: str = "close"
    max_risk_per_trade: Decimal = Decimal(5)
    slip: Decimal = Decimal("0.001")


@dataclass
class Clock:
    """Where time comes from: timers are monotonic, what is shown is UTC."""

    monotonic: Callable[[], float] = time.monotonic
    utc: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def iso(self) -> str:
        """Give the present as the wire writes it."""
        return self.utc().isoformat(timespec="microseconds").replace("+00:00", "Z")


class Core:
    """What every part of the engine works on; lives on one loop, so nothing is locked."""

    def __init__(self, source: str, gateway: Gateway, store: Store, config: Config, clock: Clock) -> None:
        self.source = source
        self.gateway = gateway
        self.store = store
        self.config = config
        self.clock = clock
        self.hub = Hub()
        self.desks: dict[StrategyKey, Desk] = {}
        self.by_number: dict[int, Desk] = {}
        self.markets: dict[str, MarketState] = {}
        self.unattributed: dict[str, Ledger] = {}
        self.trades: deque[Trade] = deque(maxlen=200)
        self.curve: deque[tuple[str, Decimal]] = deque(maxlen=1440)
        self.seen: set[tuple[str, str]] = set()
        self.connected = False
        self.connections = 0  # tells a read of this connection from one of another
        self.reconciled = False
        self.why = "starting"
        self.halted: str | None = None
        self.problems: list[str] = []  # what the venue's check says against trading
        self.heard = float("-inf")
        self.account: AccountRead | None = None
        self.account_at = float("-inf")
        self.account_read_since_connect = False
        self.asks = True  # the algorithms have still to be asked on this connection
        self.candles_next = float("-inf")  # when candles that could not be read are read again
        self.since_ms: int | None = None  # nothing before the first reconciliation is ours to book
        self.funding_born_ms = 0  # payments up to then, in the venue's stamps, are not ours to book
        self.decimals: dict[str, int] = {}  # of each symbol's lots, as the disk has them
        self.last_ms = 0
        self.funding_ms = 0
        self.counts: Counter[str] = Counter()
        self.wants_reconcile = asyncio.Event()
        self.step: Callable[[Desk], None] = lambda desk: None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.next_number = 0
        self.reserved_number = 0
        self._reserving = False
        self._transfers = 0
        self.loaded_number: int | None = None  # no order of an earlier life reached it; None once checked
        self.issued_early: set[int] = set()  # numbers of this life, given out before that check
        self.fetching = False
        self.fetch_next = self.fetch_wait = 0.0
        self.changing = asyncio.Lock()  # commands that wait for the disk take turns; a kill does not

    # -- time and freshness

    def now(self) -> float:
        """Give monotonic seconds."""
        return self.clock.monotonic()

    def stream_alive(self) -> bool:
        """Tell whether the stream is connected and had a frame within 10 s."""
        return self.connected and self.now() - self.heard <= FRESH_S

    def halted_by(self) -> str | None:
        """Give what halts the source for opening; None while nothing does."""
        return self.halted or "; ".join(self.problems) or None

    def price_fresh(self, market: MarketState) -> bool:
        """Tell whether the mark may be traded on (risk.md, "fresh")."""
        if market.prices is None:
            return False
        return self.now() - market.received <= FRESH_S or (market.read_since_connect and self.stream_alive())

    def equity_fresh(self) -> bool:
        """Tell whether equity may be traded on."""
        if self.account is None:
            return False
        recent = self.now() - self.account_at <= FRESH_S
        return recent or (self.account_read_since_connect and self.stream_alive())

    # -- desks

    def add(self, desk: Desk) -> None:
        """Take in a desk."""
        self.desks[desk.key] = desk
        self.by_number[desk.number] = desk

    def on_symbol(self, symbol: str) -> list[Desk]:
        """Give the desks that trade a symbol."""
        return [desk for desk in self.desks.values() if desk.key.symbol == symbol]

    def shares_symbol(self, desk: Desk) -> bool:
        """Tell whether another strategy holds something on this desk's symbol."""
        return any(other is not desk and other.lots for other in self.on_symbol(desk.key.symbol))

    def booked_lots(self, symbol: str) -> int:
        """Give what ledgers and unattributed together hold of a symbol, in signed lots."""
        rest = self.unattributed.get(symbol)
        return sum(desk.lots for desk in self.on_symbol(symbol)) + (rest.lots if rest else 0)

    def client_id(self, desk: Desk, kind: Kind, epoch: int) -> int:
        """Give a client id that was never used: its number rises across restarts too."""
        number = self.next_number
        self.next_number += 1
        if self.loaded_number is not None:
            self.issued_early.add(number)
        if number > self.reserved_number - RESERVED // 2 and not self._reserving:
            self._reserving = True
            self.spawn(self.reserve_numbers())
        return ClientId(desk.number, epoch, kind, number).pack(self.gateway.client_id_bits)

    async def reserve_numbers(self) -> None:
        """Keep on disk a number that no order will reach before the next reservation."""
        wanted = self.next_number + RESERVED
        try:
            await self.store.fact(NUMBERS, wanted)
            self.reserved_number = wanted
        finally:
            self._reserving = False

    def transfer_id(self, what: str, at_ms: int) -> str:
        """Give a booking of ours, which no venue numbers, an id of its own."""
        self._transfers += 1
        return f"{what}-{at_ms}-{self._transfers}"

    # -- telling

    def publish(self, desk: Desk) -> None:
        """Tell everyone connected that the row changed."""
        self.hub.publish(f"strategy:{desk.key.strategy_id}:{desk.key.symbol}")

    def deny(self, desk: Desk, reason: str) -> None:
        """Count and show a denial; the same reason again only once."""
        if desk.last_denial is None or desk.last_denial.reason != reason:
            desk.denials += 1
            self.counts[f"denied:{reason.split(':', maxsplit=1)[0]}"] += 1
            desk.last_denial = Denial(reason, self.clock.iso())
            log.info("%s/%s denied: %s", *desk.key, reason)
            self.publish(desk)

    def alarm(self, what: str, *arguments: Any) -> None:
        """Say what needs a person, in the log and in the count of alarms."""
        self.counts["alarms"] += 1
        log.error("ALARM " + what, *arguments)

    # -- tasks

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start an effect; an exception in it is an alarm, never silence."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.counts["alarms"] += 1
            log.error("ALARM a step failed", exc_info=task.exception())

    async def settle(self, most_s: float) -> None:
        """Wait until no effect is under way, at most so long."""
        end = time.monotonic() + most_s
        while self._tasks and (left := end - time.monotonic()) > 0:
            await asyncio.wait(set(self._tasks), timeout=left)

    def end(self) -> None:
        """Cancel what is under way."""
        for task in list(self._tasks):
            task.cancel()
