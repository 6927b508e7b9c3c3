"""What a venue trades: instruments with ticks and lots, fees and minimums; prices are integer micros."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from venues.contract.money import MICRO

PPM = 1_000_000


def divide(numerator: int, denominator: int) -> int:
    """Divide whole numbers, half to even, exactly; the denominator is above zero."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + (1 if twice > denominator or (twice == denominator and quotient % 2) else 0)


@dataclass(frozen=True)
class Instrument:
    """One symbol as one venue trades it. Prices are micro-dollars, sizes whole lots."""

    symbol: str
    number: int
    size_decimals: int
    price_decimals: int
    max_leverage: int
    significant: int | None = None

    def notional(self, lots: int, price: int) -> int:
        """Give size × price in micros; exact where size and price decimals add up to six."""
        return divide(lots * price, 10**self.size_decimals)

    def lots(self, size: Decimal) -> int | None:
        """Give a size as whole lots; None where it has more decimals than the venue takes."""
        scaled = size.scaleb(self.size_decimals)
        return int(scaled) if scaled == scaled.to_integral_value() else None

    def size(self, lots: int) -> Decimal:
        """Give lots as a size."""
        return Decimal(lots).scaleb(-self.size_decimals)

    def tick(self, price: int) -> int:
        """Give the tick at a price, in micros; whole dollars are always allowed."""
        step = int(10 ** (6 - self.price_decimals))
        if self.significant is None:
            return step
        digits = int(10 ** max(0, len(str(price)) - self.significant))
        return max(step, min(digits, MICRO))

    def down(self, price: int) -> int:
        """Give the nearest price on the tick at or below, never below one tick."""
        tick = self.tick(price)
        return max(price - price % tick, tick)

    def up(self, price: int) -> int:
        """Give the nearest price on the tick at or above."""
        return price + -price % self.tick(price)

    def cut(self, price: int) -> int:
        """Give a price with the decimals that marks have, half to even."""
        step = int(10 ** (6 - self.price_decimals))
        return divide(price, step) * step

    @property
    def maintenance_ppm(self) -> int:
        """Give the maintenance margin: half of the initial margin at the highest leverage."""
        return PPM // (2 * self.max_leverage)


@dataclass(frozen=True)
class Venue:
    """The rules of one venue that the engine follows; fees in millionths of the notional."""

    name: str
    taker_ppm: int
    maker_ppm: int
    minimum: int  # smallest order value in micros
    stop_worst_percent: int  # how far past its trigger a market stop may fill
    mark_every_s: int  # market seconds between two marks
    default_leverage: int
    partial_entry_keeps_stops: bool = False  # children live on what a partly filled entry got
    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    def by_number(self, number: int) -> Instrument | None:
        """Give the instrument of the venue's own number."""
        return next((one for one in self.instruments.values() if one.number == number), None)
