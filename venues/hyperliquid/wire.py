"""Turns Hyperliquid's answers and frames into our dataclasses (venue-hyperliquid.md, 3 and 6)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from venues.contract.errors import Refused
from venues.contract.money import plain, venue_number, venue_price
from venues.trader.gateway import (
    AccountRead,
    BuySell,
    Candle,
    Fill,
    Funding,
    OrderState,
    OrderStatus,
    Prices,
)
from venues.trader.gateways import belief
from venues.trader.gateways.belief import milliseconds, positive, volume

SIDES: dict[str, BuySell] = {"B": "buy", "A": "sell"}
STATUSES: dict[str, OrderStatus] = {
    "open": "open",
    "filled": "filled",
    "triggered": "triggered",
    "canceled": "canceled",
    "scheduledCancel": "canceled",
    "rejected": "rejected",
    "expired": "expired",
    "waitingForFill": "waiting",
    "waitingForTrigger": "open",
}


believes = partial(belief.believes, "Hyperliquid")


def order_status(word: str) -> OrderStatus:
    """Give our status for the venue's word: its many ways of "Canceled" and "Rejected" included."""
    if word in STATUSES:
        return STATUSES[word]
    if word.endswith("Canceled"):
        return "canceled"
    return "rejected" if word.endswith("Rejected") else "unknown"


def cloid_of(client_id: int) -> str:
    """Give a client id as the venue writes it: 0x and 32 hex digits."""
    return f"{client_id:#034x}"


def client_id_of(cloid: str | None) -> int | None:
    """Give the number of a cloid."""
    return int(cloid, 16) if cloid else None


def exact_float(number: Decimal) -> float:
    """Give the float that the SDK will write as exactly these digits; Refused where there is none."""
    given = float(number)
    if not number.is_finite() or number <= 0 or Decimal(f"{given:.8f}") != number:
        raise Refused(f"{number} cannot be sent exactly: Hyperliquid takes 8 decimals.")
    return given


@believes
def account_read(state: Mapping[str, Any]) -> AccountRead:
    """Give the account of a `clearinghouseState`; equity is marginSummary.accountValue."""
    summary = state["marginSummary"]
    equity, used = venue_number(summary["accountValue"]), venue_number(summary["totalMarginUsed"])
    held = [entry["position"] for entry in state["assetPositions"]]
    sizes = {str(position["coin"]): plain(venue_number(position["szi"])) for position in held}
    return AccountRead(
        equity=equity,
        margin_used=used,
        free=equity - used,
        positions={coin: size for coin, size in sizes.items() if size},
        at_ms=milliseconds(state["time"]),
    )


@believes
def prices(symbol: str, ctx: Mapping[str, Any]) -> Prices:
    """Give the prices of one asset context."""
    mid, oracle = ctx.get("midPx"), ctx.get("oraclePx")
    return Prices(
        symbol=symbol,
        mark=venue_price(ctx["markPx"]),
        mid=None if mid is None else venue_price(mid),
        oracle=None if oracle is None else venue_price(oracle),
    )


@believes
def candle(row: Mapping[str, Any], closed: bool) -> Candle:
    """Give one candle; the venue does not say whether it is closed."""
    return Candle(
        symbol=str(row["s"]),
        open_ms=milliseconds(row["t"]),
        open=venue_price(row["o"]),
        high=venue_price(row["h"]),
        low=venue_price(row["l"]),
        close=venue_price(row["c"]),
        volume=volume(row["v"]),
        closed=closed,
    )


@believes
def fill(row: Mapping[str, Any], account: str) -> Fill:
    """Give one fill; a liquidation is one of `account`, not one it took the other side of."""
    liquidation = row.get("liquidation") or {}
    start = row.get("startPosition")
    return Fill(
        fill_id=str(int(row["tid"])),
        symbol=str(row["coin"]),
        side=SIDES[row["side"]],
        price=venue_price(row["px"]),
        size=positive(row["sz"]),
        fee=venue_number(row["fee"]),
        at_ms=milliseconds(row["time"]),
        order_id=str(int(row["oid"])),
        client_id=client_id_of(row.get("cloid")),
        liquidation=str(liquidation.get("liquidatedUser", "")).lower() == account,
        start_position=None if start is None else venue_number(start),
    )


def is_spot(coin: Any) -> bool:
    """Tell a spot pair (`@107`, `PURR/USDC`): its fees are in other tokens, it is no position."""
    return isinstance(coin, str) and (coin.startswith("@") or "/" in coin)


@believes
def fills(rows: Sequence[Mapping[str, Any]], account: str) -> list[Fill]:
    """Give the perpetuals' fills, oldest first; the venue lists some newest first."""
    found = [fill(row, account) for row in rows if not is_spot(row["coin"])]
    if found and found[0].at_ms > found[-1].at_ms:
        found.reverse()
    return sorted(found, key=lambda one: one.at_ms)


@believes
def funding(row: Mapping[str, Any]) -> Funding:
    """Give one payment, of `userFunding` (fields in `delta`) or of the stream (fields beside `time`).

    Neither carries an id on both ways; a symbol is paid at most once at a time.
    """
    delta = row.get("delta", row)
    at_ms = milliseconds(row["time"])
    symbol = str(delta["coin"])
    return Funding(f"{at_ms}:{symbol}", symbol, venue_number(delta["usdc"]), at_ms)


def fundings(rows: Iterable[Mapping[str, Any]]) -> list[Funding]:
    """Give the payments, oldest first."""
    return sorted((funding(row) for row in rows), key=lambda one: one.at_ms)


@believes
def order_state(order: Mapping[str, Any], word: str = "open", at_ms: int | None = None) -> OrderState:
    """Give an order of `frontendOpenOrders`, `orderStatus` or `orderUpdates` and the venue's word for it.

    `sz` is what is left of `origSz`. A stop for the whole position says 0 of both, and a filled
    order of which all is left contradicts itself: neither tells what was filled.
    """
    size, left = plain(venue_number(order["origSz"])), venue_number(order["sz"])
    tells = size > 0 and not (word == "filled" and left == size)
    return OrderState(
        symbol=str(order["coin"]),
        side=SIDES[order["side"]],
        status=order_status(word),
        order_id=str(int(order["oid"])),
        client_id=client_id_of(order.get("cloid")),
        size=size,
        filled=plain(size - left) if tells else None,
        trigger=venue_price(order["triggerPx"]) if order.get("isTrigger") else None,
        price=venue_number(order["limitPx"]),
        reduce_only=bool(order.get("reduceOnly")),
        said=word,
        at_ms=milliseconds(order["timestamp"] if at_ms is None else at_ms),
    )


@believes
def open_orders(rows: Sequence[Mapping[str, Any]]) -> list[OrderState]:
    """Give every order of `frontendOpenOrders`; a child of an order still open is waiting for its fill."""
    waiting = {child["oid"] for row in rows for child in row.get("children") or []}
    return [order_state(row, "waitingForFill" if row["oid"] in waiting else "open") for row in rows]


@believes
def order_fate(answer: Mapping[str, Any]) -> OrderState | None:
    """Give the order of an `orderStatus` answer; None for `unknownOid`."""
    if answer["status"] == "unknownOid":
        return None
    found = answer["order"]
    return order_state(found["order"], str(found["status"]), found["statusTimestamp"])


@believes
def leverage(answer: Mapping[str, Any]) -> tuple[int, bool]:
    """Give (leverage, is cross) of an `activeAssetData`."""
    return int(answer["leverage"]["value"]), answer["leverage"]["type"] == "cross"


@believes
def candle_rows(rows: Sequence[Mapping[str, Any]], count: int) -> list[Candle]:
    """Give the last `count` closed candles of a `candleSnapshot`: its last one is still open."""
    ordered = sorted(rows, key=lambda row: milliseconds(row["t"]))
    return [candle(row, closed=True) for row in ordered[:-1][-count:]]


@believes
def asset_contexts(answer: Sequence[Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Give (symbol, context) of every market of a `metaAndAssetCtxs`."""
    meta, contexts = answer
    return [(row["name"], ctx) for row, ctx in zip(meta["universe"], contexts, strict=True)]


@believes
def stamp(row: Mapping[str, Any]) -> int:
    """Give the time of a fill or payment."""
    return milliseconds(row["time"])


def is_universe(rows: Any) -> bool:
    """Tell whether these are the rows of `meta`'s universe, in the order that gives asset ids."""
    return isinstance(rows, list) and all(
        isinstance(row, Mapping) and isinstance(row.get("name"), str) and type(row.get("szDecimals")) is int
        for row in rows
    )
