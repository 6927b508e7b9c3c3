"""What happened, for the faces to tell; handed out only once it is on disk."""

from dataclasses import dataclass

from venues.paper.candles import Candle
from venues.paper.orders import Fill, Order, Payment


@dataclass(frozen=True)
class OrderChanged:
    """An order as it was at one moment; `status` may be one it has left since."""

    order: Order


@dataclass(frozen=True)
class Filled:
    """The executions of one order in one step."""

    fills: tuple[Fill, ...]


@dataclass(frozen=True)
class Funded:
    """One funding payment."""

    payment: Payment


@dataclass(frozen=True)
class AccountChanged:
    """Something of an account: cash, leverage, margin."""

    venue: str
    account: str


@dataclass(frozen=True)
class CandleClosed:
    """A minute of a symbol is over."""

    symbol: str
    candle: Candle


@dataclass(frozen=True)
class Priced:
    """The prices of a symbol moved."""

    symbol: str


Event = OrderChanged | Filled | Funded | AccountChanged | CandleClosed | Priced
