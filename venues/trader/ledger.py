"""One strategy's (or the unattributed) money on one symbol in one epoch, in whole micro-dollars.

Cash accounting: total_pnl = cash + position × mark − fees + funding. It is the same after any
order of arrival (I10). Sizes are whole lots (size × 10^size_decimals), prices micro-dollars.
"""

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal

from venues.contract.money import from_micros, to_micros


@dataclass(frozen=True)
class ClosedTrade:
    """A trade that has become flat; money in micro-dollars, prices as averages in USD."""

    side: str
    size: Decimal
    entry_price: Decimal
    exit_price: Decimal
    opened_ms: int
    closed_ms: int
    pnl: int
    fees: int
    funding: int


class Ledger:
    """Books fills and funding of one symbol. `lots` is signed: above zero is long."""

    __slots__ = (
        "_entered", "_entry_cash", "_exit_cash", "_history", "_left", "_opened_ms", "_trade_base",
        "cash", "fees", "funding", "lots", "scale", "size_decimals",
    )  # fmt: skip

    def __init__(self, size_decimals: int) -> None:
        self.scale: int = 10**size_decimals
        self.size_decimals = size_decimals
        self.lots = self.cash = self.fees = self.funding = 0
        self._entered = self._entry_cash = self._left = self._exit_cash = self._opened_ms = 0
        self._trade_base = (0, 0, 0)
        self._history: list[tuple[int, int]] = []

    def fill(self, lots: int, price: int, fee: int, at_ms: int) -> ClosedTrade | None:
        """Book a fill of signed `lots` (above zero bought); give the trade it closed, if it did."""
        before = self.lots
        crosses = before * (before + lots) < 0
        if crosses:  # close what is held, then open the rest, so that each trade has its own figures
            share = fee * abs(before) // abs(lots)
            closed = self.fill(-before, price, share, at_ms)
            self.fill(lots + before, price, fee - share, at_ms)
            return closed
        if before == 0:
            self._begin(at_ms)
        self.lots += lots
        value = abs(lots) * price // self.scale * (1 if lots > 0 else -1)  # the same both ways
        self.cash -= value
        self.fees += fee
        if before == 0 or before * lots > 0:
            self._entered += abs(lots)
            self._entry_cash += abs(value)
        else:
            self._left += abs(lots)
            self._exit_cash += abs(value)
        self._history.append((at_ms, self.lots))
        return self._close(before, at_ms) if self.lots == 0 else None

    def pay_funding(self, amount: int) -> None:
        """Book funding in micro-dollars, above zero is received."""
        self.funding += amount

    def _begin(self, at_ms: int) -> None:
        self._entered = self._entry_cash = self._left = self._exit_cash = 0
        self._opened_ms = at_ms
        self._trade_base = (self.cash, self.fees, self.funding)

    def _close(self, before: int, at_ms: int) -> ClosedTrade | None:
        if not self._entered or not self._left:
            return None
        cash, fees, funding = self._trade_base
        paid, received = self.fees - fees, self.funding - funding
        return ClosedTrade(
            side="long" if before > 0 else "short",
            size=self.size_of(self._entered),
            entry_price=self._average(self._entry_cash, self._entered),
            exit_price=self._average(self._exit_cash, self._left),
            opened_ms=self._opened_ms,
            closed_ms=at_ms,
            pnl=self.cash - cash - paid + received,
            fees=paid,
            funding=received,
        )

    def total(self, mark: int) -> int:
        """Give total_pnl at the mark price, in micro-dollars."""
        return self.cash + self.lots * mark // self.scale - self.fees + self.funding

    def unrealized(self, mark: int) -> int:
        """Give the open position's gain over its average entry, fees and funding aside."""
        if not self.lots:
            return 0
        cost = self._entry_cash * abs(self.lots) // self._entered
        return self.lots * mark // self.scale - (cost if self.lots > 0 else -cost)

    def trade_funding(self) -> int:
        """Give the funding of the open trade so far, in micro-dollars."""
        return self.funding - self._trade_base[2] if self.lots else 0

    def trade_lost(self, fee_in: Decimal) -> int:
        """Give what the parts of the open trade that are gone have lost, in micro-dollars, fees included.

        `fee_in` is the fee of an entry as a fraction: what the rest paid of it belongs to the rest.
        """
        if not self.lots or not self._left:
            return 0
        cost = self._entry_cash * self._left // self._entered
        gained = self._exit_cash - cost if self.lots > 0 else cost - self._exit_cash
        of_rest = (self._entry_cash - cost) * fee_in
        return max(0, int(self.fees - self._trade_base[1] - of_rest) - gained)

    def lots_at(self, at_ms: int) -> int:
        """Give the signed lots held at a venue time."""
        index = bisect_right(self._history, (at_ms, 2**63))
        return self._history[index - 1][1] if index else 0

    @property
    def entry_price(self) -> Decimal | None:
        """The average entry of the open position in USD; None when flat."""
        return self._average(self._entry_cash, self._entered) if self.lots else None

    @property
    def size(self) -> Decimal:
        """The signed position."""
        return self.size_of(self.lots)

    def size_of(self, lots: int) -> Decimal:
        """Give lots as a size."""
        return Decimal(lots) / self.scale

    def lots_of(self, size: Decimal) -> int:
        """Give a size as whole lots; raises ValueError where it is not on the lot."""
        lots = size * self.scale
        if lots != lots.to_integral_value():
            raise ValueError(f"size {size} is not a whole number of lots")
        return int(lots)

    def _average(self, cash: int, lots: int) -> Decimal:
        return from_micros(cash) * self.scale / lots


def price_micros(price: Decimal) -> int:
    """Give a price in micro-dollars."""
    return int(to_micros(price))
