"""What /paper/state shows: prices, accounts, positions, orders; decimals as text, sizes signed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from venues.paper.accounts import Account, Position
from venues.paper.exchange import Exchange
from venues.paper.face import Face
from venues.paper.matching import price_text
from venues.paper.orders import Order

Json = dict[str, Any]


def moment(milliseconds: int) -> str:
    """Give a time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat().replace("+00:00", "Z")


def money(micros: int) -> str:
    """Give micros as decimal text, exactly."""
    return f"-{price_text(-micros)}" if micros < 0 else price_text(micros)


def state(x: Exchange, faces: Sequence[Face]) -> Json:
    """Give everything."""
    by_venue = dict(zip(x.venues, faces, strict=True))
    return {
        "as_of": moment(x.now_ms()),
        "market_time": moment(x.market_ms),
        "prices": prices(x),
        "accounts": [account(x, by_venue[one.venue], one) for one in x.accounts.values()],
    }


def prices(x: Exchange) -> dict[str, Json]:
    """Give every symbol's mark (of the first venue that lists it), mid and oracle."""
    return {
        symbol: {
            "mark": money(next(iter(one.marks.values()), one.mid)),
            "mid": money(one.mid),
            "oracle": money(one.oracle),
        }
        for symbol, one in x.markets.items()
    }


def account(x: Exchange, face: Face, one: Account) -> Json:
    """Give an account; equity is balance + realized_pnl − fees + funding + unrealized PnL."""
    return {
        "venue": one.venue,
        **face.describe(one),
        "balance": money(one.deposits),
        "equity": money(x.margins(one).value),
        "fees": money(one.fees),
        "funding": money(one.funding),
        "realized_pnl": money(one.realised),
        "positions": [_position(x, one, symbol, held) for symbol, held in sorted(one.positions.items())],
        "orders": [_order(x, order) for order in x.orders_of(one)],
    }


def _position(x: Exchange, one: Account, symbol: str, held: Position) -> Json:
    instrument = x.instrument(one.venue, symbol)
    entry = Decimal(held.cost).scaleb(-6) / instrument.size(held.lots)
    return {
        "symbol": symbol,
        "size": f"{instrument.size(held.lots).normalize():f}",
        "entry_price": f"{entry.quantize(Decimal('1.000000')).normalize():f}",
        "unrealized_pnl": money(held.unrealised(instrument, x.marks(one.venue)[symbol])),
    }


def _order(x: Exchange, order: Order) -> Json:
    instrument = x.instrument(order.venue, order.symbol)
    return {
        "symbol": order.symbol,
        "side": "buy" if order.buy else "sell",
        "size": f"{instrument.size(order.left).normalize():f}",
        "price": money(order.price),
        "trigger_price": None if order.trigger is None else money(order.trigger),
        "reduce_only": order.reduce_only,
        "order_id": str(order.oid),
        "client_id": order.client_id,
    }
