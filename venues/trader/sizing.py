"""How large the next trade is (risk.md, "One trade", Size)."""

from decimal import Decimal

from venues.trader.denied import Denied
from venues.trader.gateway import Market

SMALLEST = Decimal("1.2")  # times the venue's minimum
FREE_SHARE = Decimal("0.5")  # of equity, to be left free


def order_size(
    *,
    equity: Decimal,
    risk_per_trade: Decimal,
    leverage: int,
    mark: Decimal,
    limit_price: Decimal,
    market: Market,
    margin_used: Decimal = Decimal(0),
    margin_in_flight: Decimal = Decimal(0),
) -> Decimal:
    """Give the size of an entry, on the lot, never rounded up.

    size = floor(equity × risk_per_trade / 100 × leverage / max(mark, limit_price), size step).
    Equity and margins in USD, risk_per_trade in percent. Raises Denied below 1.2 × the venue's
    minimum, and where less than half of equity would stay free with orders in flight counted.
    """
    if equity <= 0:
        raise Denied("no equity")
    margin = equity * risk_per_trade / 100
    size = market.size_down(margin * leverage / max(mark, limit_price))
    if size < market.min_size * SMALLEST or size * mark < market.min_notional * SMALLEST:
        raise Denied(
            f"size below minimum: {size} {market.symbol} is worth {size * mark:.2f}, the venue takes "
            f"{market.min_notional} and we ask for {SMALLEST} times that"
        )
    needed = size * max(mark, limit_price) / leverage
    if equity - margin_used - margin_in_flight - needed < equity * FREE_SHARE:
        raise Denied("margin: less than half of equity would stay free")
    return size
