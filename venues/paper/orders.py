"""Orders, fills and payments as the exchange keeps them; prices and money in micros, sizes in lots."""

from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Literal

Tif = Literal["gtc", "ioc", "alo"]
# What an order can become; a face gives each its venue's word.
Status = Literal[
    "open",  # rests, waits for its trigger, or waits for its parent
    "triggered",
    "filled",
    "canceled",
    "reduce_only_canceled",
    "margin_canceled",
    "sibling_canceled",
    "scheduled_cancel",
    "rejected",
]
Reason = Literal[
    "tick",
    "size",
    "zero_size",
    "price",
    "far",
    "minimum",
    "margin",
    "reduce_only",
    "post_only",
    "no_match",
    "trigger",
    "no_liquidity",
]


class Rejected(Exception):
    """An order that the venue does not take: `reason` for the face, `detail` where it says more."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Wanted:
    """An order as it is asked for; `size` of None means the whole position when it triggers."""

    symbol: str
    buy: bool
    price: int
    size: Decimal | None
    reduce_only: bool = False
    tif: Tif = "gtc"
    trigger: int | None = None
    take_profit: bool = False
    market: bool = False  # a triggered order that takes what there is, up to its price
    client_id: str | None = None


@dataclass
class Order:
    """One order from its placing to its end."""

    oid: int
    venue: str
    account: str
    symbol: str
    buy: bool
    price: int
    lots: int
    at_ms: int
    reduce_only: bool = False
    tif: Tif = "gtc"
    trigger: int | None = None
    take_profit: bool = False
    market: bool = False
    whole: bool = False
    client_id: str | None = None
    filled: int = 0
    traded: int = 0  # what its fills were worth
    status: Status = "open"
    reason: str | None = None
    status_ms: int = 0
    armed: bool = True  # a child of an unfilled parent is not
    fired: bool = False  # its trigger has been reached
    parent: int | None = None
    children: list[int] = field(default_factory=list)
    sibling: int | None = None  # cancelled by this one's first fill
    details: dict[str, Any] = field(default_factory=dict)  # what only its venue knows of it

    @property
    def left(self) -> int:
        """Give the lots not filled yet."""
        return self.lots - self.filled

    @property
    def is_final(self) -> bool:
        """Tell whether nothing can become of the order any more."""
        return self.status not in {"open", "triggered"}

    @property
    def waits(self) -> bool:
        """Tell whether a trigger holds the order back."""
        return self.trigger is not None and not self.fired

    def to_json(self) -> dict[str, Any]:
        """Give the order as it is kept."""
        return asdict(self)


@dataclass(frozen=True)
class Fill:
    """One execution; `start` is the position before it, `pnl` what it realised without fees."""

    tid: int
    oid: int
    venue: str
    account: str
    symbol: str
    buy: bool
    price: int
    lots: int
    at_ms: int
    start: int
    pnl: int
    fee: int
    taker: bool
    client_id: str | None = None
    start_cost: int = 0  # what the position before it had cost, signed
    fraction: int = 0  # initial margin of the symbol then, in 1e-4; 0 where the venue sets leverage

    def to_json(self) -> dict[str, Any]:
        """Give the fill as it is kept."""
        return asdict(self)


@dataclass(frozen=True)
class Payment:
    """One funding payment: `amount` above zero was received; `rate` in 10^-10 of the notional an hour."""

    number: int
    venue: str
    account: str
    symbol: str
    amount: int
    lots: int
    rate: int
    at_ms: int

    def to_json(self) -> dict[str, Any]:
        """Give the payment as it is kept."""
        return asdict(self)
