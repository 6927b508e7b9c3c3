"""The Gateway protocol: what a venue must offer to the engine, in Decimal and venue time.

A gateway translates its SDK's words and errors, nothing else. It decides nothing, keeps no
positions, and never retries an order. Its three outcomes of a command are: a reply (what the
venue said), Unreachable (surely not accepted: it never left, or the venue refused the request
as a whole before looking at it) and Unknown (sent, no believable answer: reconcile).

An Unreachable's `code` says more where there is more to say: "denied" (`permit` said no),
"expired" (the order's expiry was not 1 to 60 s ahead when its turn came), "throttled" (429 or
the address' budget), "clock" (this machine's clock would make it void), "agent_unknown" (the
venue does not know our key: no retry will help).
A read raises Unreachable or BadAnswer, and NotFound for a symbol the venue does not have.

A status is "open" for whatever rests at the venue, a stop that waits for its trigger included;
"waiting" for a stop that sleeps until its entry is filled; "triggered" for a stop whose market
order is on its way. A reply with `filled` below the size and a final status is a partial fill
whose rest is gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

BuySell = Literal["buy", "sell"]
OrderKind = Literal["entry", "stop", "close"]
OrderStatus = Literal["open", "waiting", "triggered", "filled", "canceled", "rejected", "expired", "unknown"]
FINAL: frozenset[str] = frozenset({"filled", "canceled", "rejected", "expired"})


@dataclass(frozen=True)
class Market:
    """What the venue says of one symbol; fees as fractions, min_notional in USD."""

    symbol: str
    size_decimals: int
    min_size: Decimal
    min_notional: Decimal
    max_leverage: int
    taker_fee: Decimal
    maker_fee: Decimal
    stop_worst: Decimal  # how far past its trigger a stop's worst price lies: 0.10, Lighter 0.05
    maintenance: Decimal  # maintenance margin as a fraction of notional
    stop_life_s: int | None = None  # how long a stop may rest before the venue drops it; None: for ever
    only_isolated: bool = False
    active: bool = True

    def price_up(self, price: Decimal) -> Decimal:
        """Give the nearest price on the tick at or above; each venue's rules.py says how."""
        raise NotImplementedError

    def price_down(self, price: Decimal) -> Decimal:
        """Give the nearest price on the tick at or below."""
        raise NotImplementedError

    def size_down(self, size: Decimal) -> Decimal:
        """Give the nearest size on the lot at or below."""
        step = Decimal(1).scaleb(-self.size_decimals)
        return (size // step) * step


@dataclass(frozen=True)
class OrderRequest:
    """One order to send. `price` is the worst price; a stop has a `trigger` on mark price."""

    client_id: int
    symbol: str
    side: BuySell
    size: Decimal
    price: Decimal
    kind: OrderKind
    reduce_only: bool
    trigger: Decimal | None = None
    ioc: bool = True
    post_only: bool = False  # of what rests: the venue refuses it where it would fill at once
    expires_ms: int | None = None  # venue time; None for what may rest


@dataclass(frozen=True)
class OrderReply:
    """What the venue answered for one order; `filled` is its size filled so far."""

    client_id: int
    status: OrderStatus
    order_id: str | None = None
    filled: Decimal | None = None
    error: str | None = None


@dataclass(frozen=True)
class OrderState:
    """An order as the venue reports it. `filled` None where the report does not say."""

    symbol: str
    side: BuySell
    status: OrderStatus
    order_id: str
    client_id: int | None
    size: Decimal
    filled: Decimal | None = None
    trigger: Decimal | None = None
    price: Decimal | None = None
    reduce_only: bool = False
    said: str = ""  # the venue's own word: "reduceOnlyCanceled"
    at_ms: int = 0


@dataclass(frozen=True)
class Fill:
    """One execution. fill_id is unique within the account; fee in USD, above zero is a cost."""

    fill_id: str
    symbol: str
    side: BuySell
    price: Decimal
    size: Decimal
    fee: Decimal
    at_ms: int
    order_id: str
    client_id: int | None = None
    liquidation: bool = False
    start_position: Decimal | None = None


@dataclass(frozen=True)
class Funding:
    """One funding payment of the account on one symbol; amount in USD, above zero is received."""

    funding_id: str
    symbol: str
    amount: Decimal
    at_ms: int


@dataclass(frozen=True)
class AccountRead:
    """The account at one moment; positions signed, flat symbols absent; money in USD."""

    equity: Decimal
    margin_used: Decimal
    free: Decimal
    positions: dict[str, Decimal]
    at_ms: int


@dataclass(frozen=True)
class Prices:
    """One message's prices of a symbol; mid and oracle None where the message has none."""

    symbol: str
    mark: Decimal
    mid: Decimal | None = None
    oracle: Decimal | None = None


@dataclass(frozen=True)
class Candle:
    """A one-minute candle; times in venue milliseconds; `closed` once the next one has begun."""

    symbol: str
    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    closed: bool = True


@dataclass(frozen=True)
class Connected:
    """The stream is up and every subscription's first snapshot is in."""


@dataclass(frozen=True)
class Disconnected:
    """The stream is down; the gateway goes on trying by itself."""

    why: str


@dataclass(frozen=True)
class Heard:
    """A frame of any kind arrived: the stream lives."""


Event = Prices | Fill | Funding | OrderState | AccountRead | Candle | Connected | Disconnected | Heard


def never() -> bool:
    """Say no: nothing closes."""
    return False


class Gateway(Protocol):
    """One account at one venue. Coroutines run on the engine's loop and never block it."""

    network: str  # "paper", "testnet" or "mainnet"
    venue: str
    client_id_bits: int

    async def start(
        self,
        listen: Callable[[Event], None],
        symbols: Sequence[str] = (),
        is_closing: Callable[[], bool] = never,
    ) -> None:
        """Begin the stream of the account and of these symbols' prices and candles; returns at once.

        While `is_closing` says that a trade is to be closed, or its being flat to be confirmed, reads
        may use what a venue's limits keep for that.

        `listen` is called on the loop, in the venue's order. Every connection begins with the
        venue's snapshots, so fills and funding come again: their ids tell. Orders that changed
        while the stream was down are not told again: read them.
        """

    async def stop(self) -> None:
        """End the stream, close sessions."""

    async def check(self) -> list[str]:
        """Give what speaks against trading (risk.md, "Before a trader may trade"); empty if nothing."""

    async def markets(self, symbols: Sequence[str]) -> dict[str, Market]:
        """Give the markets asked for that exist; fees are this account's."""

    async def account(self) -> AccountRead:
        """Read equity and positions now."""

    async def prices(self) -> list[Prices]:
        """Read the prices of every market now."""

    async def candles(self, symbol: str, count: int) -> list[Candle]:
        """Give the last closed one-minute candles, oldest first."""

    async def open_orders(self) -> list[OrderState]:
        """Give every resting order and waiting trigger of the account."""

    async def order(self, symbol: str, client_id: int) -> OrderState | None:
        """Give the fate of one order of ours; None where the venue does not know it."""

    async def fills(self, since_ms: int) -> list[Fill]:
        """Give the fills from then on, oldest first."""

    async def funding(self, since_ms: int) -> list[Funding]:
        """Give the payments from then on, oldest first; the venue may stamp them in market time."""

    async def leverage(self, symbol: str) -> tuple[int, bool]:
        """Give (leverage, is cross) as the venue has it."""

    async def set_leverage(self, symbol: str, leverage: int, cross: bool) -> None:
        """Set it; Refused with the venue's sentence."""

    async def place(
        self, orders: Sequence[OrderRequest], permit: Callable[[], bool], *, closing: bool = False
    ) -> list[OrderReply]:
        """Send one order, or an entry and the stop that goes with it, as one request.

        `permit` is asked in the sending thread, at the last moment; False raises Unreachable and
        nothing leaves. `closing` takes the lane that is kept for closing.
        """

    async def cancel(self, orders: Sequence[tuple[str, int]], *, closing: bool = False) -> list[OrderReply]:
        """Cancel by (symbol, client id); a status "unknown" means: it was not open any more."""

    def venue_ms(self) -> int:
        """Give the venue's time now: the last one it told, plus the monotonic time since."""

    def skew_ms(self) -> int | None:
        """Give venue time minus wall time now, None while unknown; from any thread."""

    def counters(self) -> dict[str, float]:
        """Give what it counted, by name: frames heard and dropped, reconnects, requests, failures."""
