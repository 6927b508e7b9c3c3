"""Hyperliquid's ticks, lots and minimums (venue-hyperliquid.md, sections 4 and 8)."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from venues.contract.money import plain, venue_number
from venues.trader.gateway import Market

SIGNIFICANT = 5
DECIMALS = 6
MIN_NOTIONAL = Decimal(10)
STOP_WORST = Decimal("0.10")


class HyperliquidMarket(Market):
    """A perpetual: prices have 5 significant figures and 6 − szDecimals decimals; integers pass."""

    def price_up(self, price: Decimal) -> Decimal:
        """Give the nearest price on the tick at or above; raises ValueError unless price > 0."""
        return self._on_tick(price, ROUND_CEILING)

    def price_down(self, price: Decimal) -> Decimal:
        """Give the nearest price on the tick at or below, 0 under the first tick; ValueError unless > 0."""
        return self._on_tick(price, ROUND_FLOOR)

    def _on_tick(self, price: Decimal, rounding: str) -> Decimal:
        if not price.is_finite() or price <= 0:
            raise ValueError(f"not a price: {price}")
        decimals = min(DECIMALS - self.size_decimals, SIGNIFICANT - 1 - price.adjusted())
        return plain(price.quantize(Decimal(1).scaleb(-max(0, decimals)), rounding=rounding))


def market_of(row: Mapping[str, Any], fees: Mapping[str, Any]) -> HyperliquidMarket:
    """Give the market of a row of `meta`'s universe and the account's `userFees`; raises ValueError.

    Maintenance margin is half the initial margin at the market's highest leverage; the tiers
    above 100 M USD and more of notional do not concern this trader.
    """
    max_leverage, size_decimals = row["maxLeverage"], row["szDecimals"]
    if not isinstance(max_leverage, int) or not isinstance(size_decimals, int) or max_leverage < 1:
        raise ValueError(f"not a market: {dict(row)!r}")
    return HyperliquidMarket(
        symbol=str(row["name"]),
        size_decimals=size_decimals,
        min_size=Decimal(1).scaleb(-size_decimals),
        min_notional=MIN_NOTIONAL,
        max_leverage=max_leverage,
        taker_fee=venue_number(fees["userCrossRate"]),
        maker_fee=venue_number(fees["userAddRate"]),
        stop_worst=STOP_WORST,
        maintenance=1 / Decimal(2 * max_leverage),
        only_isolated=bool(row.get("onlyIsolated")) or row.get("marginMode") in {"strictIsolated", "noCross"},
        active=not row.get("isDelisted"),
    )
