"""Accounts of the paper exchange: cash, positions and margin, all in whole micros."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from venues.paper.instruments import Instrument, divide


@dataclass
class Position:
    """What an account holds of one symbol: signed lots, and what they cost, with the same sign."""

    lots: int = 0
    cost: int = 0
    margin: int = 0  # set aside for it in isolated mode
    funding_open: int = 0  # paid since it was opened, above zero is a cost
    funding_all: int = 0

    def trade(self, instrument: Instrument, lots: int, price: int) -> int:
        """Add signed lots at a price; gives the realised PnL, fees aside.

        What a part of the position cost is taken from the whole, so that nothing is lost to rounding:
        realised and unrealised PnL always add up to the trades made.
        """
        closing = 0 if lots * self.lots >= 0 else min(abs(lots), abs(self.lots))
        realised = 0
        if closing:
            side = 1 if self.lots > 0 else -1
            cost = divide(self.cost * closing, abs(self.lots))
            released = divide(self.margin * closing, abs(self.lots))
            realised = side * instrument.notional(closing, price) - cost
            self.lots, self.cost, self.margin = (
                self.lots - side * closing,
                self.cost - cost,
                self.margin - released,
            )
            lots += side * closing
        if lots:
            if self.lots == 0:
                self.funding_open = 0
            self.lots += lots
            self.cost += instrument.notional(lots, price)
        return realised

    def unrealised(self, instrument: Instrument, mark: int) -> int:
        """Give the PnL at a mark price."""
        return instrument.notional(self.lots, mark) - self.cost


@dataclass
class Leverage:
    """What an account has set for one symbol."""

    value: int
    cross: bool = True
    fraction: int | None = None  # initial margin in 1e-4, at a venue that sets that instead

    def needed(self, notional: int) -> int:
        """Give the initial margin of a notional."""
        if self.fraction is None:
            return divide(notional, self.value)
        return divide(notional * self.fraction, 10_000)


@dataclass
class Key:
    """One who may sign for the account: the nonces seen, newest last, and what the venue keeps of it."""

    nonces: list[int] = field(default_factory=list)
    name: str = ""
    valid_until: int | None = None


@dataclass
class Account:
    """One account; its equity is deposits + realised − fees + funding + unrealised, exactly."""

    venue: str
    name: str
    deposits: int = 0
    realised: int = 0
    fees: int = 0
    funding: int = 0
    volume: int = 0
    requests: int = 0
    cancel_at: int | None = None  # when all its orders are cancelled, wall ms
    positions: dict[str, Position] = field(default_factory=dict)
    leverages: dict[str, Leverage] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)

    @property
    def cash(self) -> int:
        """Give what is there without the PnL of open positions."""
        return self.deposits + self.realised - self.fees + self.funding

    def position(self, symbol: str) -> Position:
        """Give the position, a flat one where there is none."""
        return self.positions.get(symbol) or Position()

    def leverage(self, instrument: Instrument, default: int) -> Leverage:
        """Give what is set for a symbol, else the venue's default."""
        found = self.leverages.get(instrument.symbol)
        return found or Leverage(min(default, instrument.max_leverage))

    def to_json(self) -> dict[str, Any]:
        """Give the account as it is kept."""
        return asdict(self)


def account_from_json(state: dict[str, Any]) -> Account:
    """Give an account back from `to_json`."""
    account = Account(**state)
    account.positions = {name: Position(**one) for name, one in state["positions"].items()}
    account.leverages = {name: Leverage(**one) for name, one in state["leverages"].items()}
    account.keys = {name: Key(**one) for name, one in state["keys"].items()}
    return account


@dataclass(frozen=True)
class Margins:
    """An account's margin at given marks, in micros; the cross part leaves isolated positions out."""

    value: int
    cross_value: int
    used: int
    cross_used: int
    cross_maintenance: int
    notional: int
    cross_notional: int

    @property
    def free(self) -> int:
        """Give what new positions may take as margin."""
        return self.cross_value - self.cross_used


def margins(
    account: Account, instruments: Mapping[str, Instrument], marks: Mapping[str, int], default: int
) -> Margins:
    """Give the margins of an account; initial margin is size × mark / leverage."""
    value, isolated, cross_pnl = account.cash, 0, 0
    used = cross_used = maintenance = total = cross_total = 0
    for symbol, position in account.positions.items():
        instrument, mark = instruments[symbol], marks[symbol]
        notional = abs(instrument.notional(position.lots, mark))
        pnl = position.unrealised(instrument, mark)
        leverage = account.leverage(instrument, default)
        value, total = value + pnl, total + notional
        if leverage.cross:
            needed = leverage.needed(notional)
            cross_pnl, cross_used, used = cross_pnl + pnl, cross_used + needed, used + needed
            maintenance += divide(notional * instrument.maintenance_ppm, 1_000_000)
            cross_total += notional
        else:
            isolated, used = isolated + position.margin, used + position.margin + pnl
    cross_value = account.cash - isolated + cross_pnl
    return Margins(value, cross_value, used, cross_used, maintenance, total, cross_total)
