"""Lighter's markets and rules as the paper exchange offers them (venue-lighter.md, section 3.1)."""

from dataclasses import dataclass
from decimal import Decimal

from venues.paper.accounts import Account, Leverage
from venues.paper.exchange import Exchange
from venues.paper.instruments import Instrument, Venue

NAME = "lighter"
FRACTIONS = 10_000  # margin fractions are in 1e-4
QUOTE_DECIMALS = 6
MOST_QUOTE = 281_474_976_710_655  # micros of one order
MINIMUM_QUOTE = 10_000_000


@dataclass(frozen=True)
class LighterInstrument(Instrument):
    """One perpetual; its margin fractions are of the notional, in 1e-4."""

    shown: str = ""
    minimum_lots: int = 1
    initial: int = 1000
    maintenance: int = 600
    closeout: int = 400

    @property
    def maintenance_ppm(self) -> int:
        """Give the maintenance margin in millionths."""
        return self.maintenance * 100

    @property
    def scale(self) -> int:
        """Give micros of one unit of the wire's whole prices."""
        return int(10 ** (6 - self.price_decimals))

    def price_text(self, micros: int) -> str:
        """Give a price as the venue writes it, with all its decimals."""
        return f"{Decimal(micros).scaleb(-6):.{self.price_decimals}f}"

    def size_text(self, lots: int) -> str:
        """Give a size as the venue writes it, with all its decimals."""
        return f"{self.size(lots):.{self.size_decimals}f}"


# symbol, market id, size decimals, smallest order in lots, initial, maintenance and close-out margin
LISTED = (
    ("ETH", 0, 4, 50, 200, 120, 80),
    ("BTC", 1, 5, 20, 200, 120, 80),
    ("SOL", 2, 3, 50, 400, 240, 160),
    ("DOGE", 3, 0, 10, 1000, 600, 400),
    ("kPEPE", 4, 0, 500, 1000, 600, 400),
    ("XRP", 7, 0, 4, 500, 300, 200),
    ("LINK", 8, 1, 10, 1000, 600, 400),
    ("AVAX", 9, 2, 50, 1000, 600, 400),
    ("HYPE", 24, 2, 30, 1000, 600, 400),
    ("ARB", 50, 1, 200, 1000, 600, 400),
)
SHOWN = {"kPEPE": "1000PEPE"}


def _instrument(
    name: str, number: int, decimals: int, smallest: int, initial: int, maintenance: int, closeout: int
) -> LighterInstrument:
    return LighterInstrument(
        name,
        number,
        decimals,
        QUOTE_DECIMALS - decimals,
        FRACTIONS // initial,
        shown=SHOWN.get(name, name),
        minimum_lots=smallest,
        initial=initial,
        maintenance=maintenance,
        closeout=closeout,
    )


INSTRUMENTS = {row[0]: _instrument(*row) for row in LISTED}
VENUE = Venue(
    name=NAME,
    taker_ppm=0,
    maker_ppm=0,
    minimum=MINIMUM_QUOTE,
    stop_worst_percent=5,
    mark_every_s=1,
    default_leverage=20,
    partial_entry_keeps_stops=True,
    instruments=INSTRUMENTS,
)
BY_NUMBER = {one.number: one for one in INSTRUMENTS.values()}


def listed(x: Exchange) -> list[LighterInstrument]:
    """Give the markets that an exchange has, by their ids."""
    found = (one for name, one in INSTRUMENTS.items() if name in x.markets)
    return sorted(found, key=lambda one: one.number)


def margin_fraction(leverage: Leverage) -> int:
    """Give an initial margin fraction in 1e-4."""
    return leverage.fraction or FRACTIONS // leverage.value


def fraction_of(account: Account, instrument: Instrument) -> int:
    """Give the initial margin fraction that an account has set for a market, in 1e-4."""
    return margin_fraction(account.leverage(instrument, VENUE.default_leverage))
