"""Lighter's ticks, lots, minimums and scaled integers (venue-lighter.md, sections 3.1 and 8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from venues.contract.errors import Refused
from venues.contract.money import plain, venue_number
from venues.trader.gateway import Market

STOP_WORST = Decimal("0.05")
STOP_LIFE_S = 28 * 24 * 3600
FRACTION = 10_000  # margin fractions are in 1e-4
FEE_TICK = Decimal("0.000001")
MOST_PRICE = 2**32 - 1
MOST_SIZE = 2**48 - 1
ISOLATED_ONLY = 1


@dataclass(frozen=True)
class LighterMarket(Market):
    """A perpetual: prices and sizes have fixed decimals and travel as whole numbers of them."""

    number: int = 0
    price_decimals: int = 0
    default_fraction: int = 0  # initial margin until the account sets another, in 1e-4

    def price_up(self, price: Decimal) -> Decimal:
        """Give the nearest price on the tick at or above; raises ValueError unless price > 0."""
        return self._on_tick(price, ROUND_CEILING)

    def price_down(self, price: Decimal) -> Decimal:
        """Give the nearest price on the tick at or below, 0 under the first tick; ValueError unless > 0."""
        return self._on_tick(price, ROUND_FLOOR)

    def _on_tick(self, price: Decimal, rounding: str) -> Decimal:
        if not price.is_finite() or price <= 0:
            raise ValueError(f"not a price: {price}")
        return plain(price.quantize(Decimal(1).scaleb(-self.price_decimals), rounding=rounding))

    def price_units(self, price: Decimal) -> int:
        """Give a price as the whole number that travels; Refused where that would round it."""
        return _units(price, self.price_decimals, MOST_PRICE, "price")

    def size_units(self, size: Decimal) -> int:
        """Give a size as the whole number that travels; Refused where that would round it."""
        return _units(size, self.size_decimals, MOST_SIZE, "size")


def _units(number: Decimal, decimals: int, most: int, what: str) -> int:
    scaled = number.scaleb(decimals) if number.is_finite() else Decimal(-1)
    if not 0 < scaled <= most or scaled != scaled.to_integral_value():
        raise Refused(f"The {what} {number} cannot be sent exactly: Lighter takes {decimals} decimals.")
    return int(scaled)


def fraction_of(leverage: int) -> int:
    """Give the initial margin fraction of a leverage, in 1e-4, as the venue's SDK rounds it."""
    return FRACTION // leverage


def leverage_of(percent: Decimal) -> int:
    """Give the leverage of an initial margin fraction in percent: 33.33 is 3; raises ValueError.

    The fraction was rounded down, so the leverage it gives is at or above the whole one that was set.
    """
    if not 0 < percent <= 100:
        raise ValueError(f"not an initial margin fraction: {percent}")
    return int(100 / percent)


def market_of(row: Mapping[str, Any], limits: Mapping[str, Any]) -> LighterMarket:
    """Give the market of an item of `orderBookDetails` and the account's `accountLimits`; ValueError."""
    initial, config = _whole(row["min_initial_margin_fraction"]), row.get("market_config") or {}
    if not 0 < initial <= FRACTION:
        raise ValueError(f"not a margin fraction: {initial}")
    return LighterMarket(
        symbol=str(row["symbol"]),
        number=_whole(row["market_id"]),
        size_decimals=_whole(row["size_decimals"]),
        price_decimals=_whole(row["price_decimals"]),
        min_size=venue_number(row["min_base_amount"]),
        min_notional=plain(venue_number(row["min_quote_amount"])),
        max_leverage=FRACTION // initial,
        taker_fee=plain(_whole(limits["current_taker_fee_tick"]) * FEE_TICK),
        maker_fee=plain(_whole(limits["current_maker_fee_tick"]) * FEE_TICK),
        stop_worst=STOP_WORST,
        maintenance=Decimal(_whole(row["maintenance_margin_fraction"])) / FRACTION,
        stop_life_s=STOP_LIFE_S,
        only_isolated=config.get("market_margin_mode") == ISOLATED_ONLY,
        active=row["status"] == "active" and not config.get("force_reduce_only"),
        default_fraction=_whole(row["default_initial_margin_fraction"]),
    )


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"not a whole number: {value!r}")
    return value
