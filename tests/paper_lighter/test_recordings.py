"""Our answers have the keys and types of Lighter's recorded ones; what was compared is listed.

Every key of a recording must be in our answer with its type, beside those named here.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from lighter.signer_client import CreateOrderTxReq

from tests.paper.exchange import ROOT
from tests.paper_lighter.conftest import KEY, Stranger, done, until
from tests.paper_lighter.test_sdk import IN_28_DAYS, IOC, SL, child
from tests.paper_lighter.test_stream import ETH, listening

FIXTURES = ROOT.parent / "shared" / "fixtures" / "lighter"
pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recordings are not here")

# Left out by the venue where there is none, as in its own recordings: fees of 0, the last page's cursor,
# a message. What is null or empty in a recording may be anything in ours.
OPTIONAL = {"taker_fee", "maker_fee", "next_cursor", "message"}
# A recorded trade shows both sides' state, or only one: ours is like the fuller one.
TAPE = {"market_id": ETH, "limit": 3}
READS: dict[str, tuple[str, dict[str, Any]]] = {
    "http_account.json": ("account", {"by": "index", "value": "me"}),
    "http_candles.json": ("candles", {"market_id": ETH, "resolution": "1m", "count_back": 3}),
    "http_candles_null.json": ("candles", {"market_id": ETH, "resolution": "1m", "count_back": 3}),
    "http_fundings.json": ("fundings", {"market_id": ETH, "resolution": "1h", "count_back": 3}),
    "http_next_nonce.json": ("nextNonce", {"account_index": "me", "api_key_index": KEY}),
    "http_order_book_details.json": ("orderBookDetails", {"market_id": ETH}),
    "http_order_book_orders.json": ("orderBookOrders", {"market_id": ETH, "limit": 2}),
    "http_order_books.json": ("orderBooks", {"market_id": ETH}),
    "http_orders.json": ("accountActiveOrders", {"account_index": "me"}),
    "http_recent_trades.json": ("recentTrades", TAPE),
    "http_recent_trades_missing.json": ("recentTrades", TAPE),
    "http_recent_trades_null.json": ("recentTrades", TAPE),
    "http_recent_trades_unordered.json": ("recentTrades", TAPE),
}
FRAMES = {
    "ws_account_all_assets_update.json": "account_all_assets/me",
    "ws_account_all_assets_with_position.json": "account_all_assets/me",
    "ws_account_all_positions_update.json": "account_all_positions/me",
    "ws_account_all_trades_update.json": "account_all_trades/me",
    "ws_account_orders_update.json": "account_orders/0/me",
    "ws_candle_subscribed.json": "candle/0/1m",
    "ws_candle_update.json": "candle/0/1m",
    "ws_height_update.json": "height",
    "ws_market_stats_subscribed_single.json": "market_stats/1",
    "ws_market_stats_update_all.json": "market_stats/all",
    "ws_market_stats_update_single.json": "market_stats/0",
    "ws_order_book_subscribed.json": "order_book/0",
    "ws_order_book_subscribed_empty.json": "order_book/0",
    "ws_order_book_update.json": "order_book/0",
    "ws_ticker_subscribed.json": "ticker/0",
    "ws_ticker_subscribed_empty.json": "ticker/0",
    "ws_ticker_update.json": "ticker/0",
    "ws_trade_subscribed.json": "trade/0",
    "ws_trade_update.json": "trade/0",
    "ws_user_stats_update.json": "user_stats/me",
    "ws_user_stats_with_position.json": "user_stats/me",
}
ELSEWHERE = {
    "http_order_book_depth.json",  # of orderBookOrders' predecessor, which the SDK no longer has
    "http_order_book_depth_null.json",
    "ws_spot_market_stats_subscribed_single.json",  # spot is not offered
    "ws_spot_market_stats_update_all.json",
    "ws_spot_market_stats_update_single.json",
    "signing_auth_token_oracle.json",  # signatures are checked by their structure
    "signing_curve_ecgfp5_vectors.json",
    "signing_field_goldilocks_vectors.json",
    "signing_field_quintic_vectors.json",
    "signing_hash_poseidon2_vectors.json",
    "signing_schnorr_vectors.json",
}


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", dict: "object", list: "list", type(None): "null"}[type(value)]


def differences(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    """Give what a recording has and our answer has not, or has as another type."""
    if theirs is None:
        return
    if kind(ours) != kind(theirs):
        yield f"{where}: ours is {kind(ours)}, theirs {kind(theirs)}"
    elif isinstance(theirs, dict):
        for name, value in theirs.items():
            if name in ours:
                yield from differences(ours[name], value, f"{where}.{name}")
            elif name not in OPTIONAL:
                yield f"{where}.{name}: missing in ours"
    elif isinstance(theirs, list):
        if theirs and not ours:
            yield f"{where}: ours is empty"
        for mine, one in zip(ours, theirs, strict=False):
            yield from differences(mine, one, f"{where}[]")


@pytest.fixture
async def busy(stranger: Stranger) -> AsyncIterator[Stranger]:
    """An account with a position, a stop, a resting entry with a child, a closed order and trades."""
    client = stranger.client
    done(await client.create_market_order(ETH, 1, 1000, 315_000, is_ask=False))
    done(await client.create_sl_order(ETH, 2, 1000, 294_000, 285_000, True, True))
    entry = CreateOrderTxReq(
        MarketIndex=ETH,
        ClientOrderIndex=0,
        BaseAmount=1000,
        Price=290_000,
        IsAsk=0,
        Type=0,
        TimeInForce=1,
        ReduceOnly=0,
        TriggerPrice=0,
        OrderExpiry=IN_28_DAYS,
    )
    done(await client.create_grouped_orders(1, [entry, child(SL, 280_000, 270_000)]))
    done(await client.create_order(ETH, 3, 1000, 250_000, False, 0, IOC, order_expiry=0))
    yield stranger


@pytest.mark.parametrize("name", sorted(READS))
async def test_an_answer_has_the_keys_and_types_of_the_recorded_one(
    busy: Stranger, name: str, record_property: Any
) -> None:
    path, query = READS[name]
    ours = busy.get(path, **{key: busy.index if value == "me" else value for key, value in query.items()})
    theirs = recorded(name)
    record_property("compared", f"{name} with {path}: {len(json.dumps(theirs))} characters")
    assert sorted(set(differences(ours, theirs, path))) == []


@pytest.mark.parametrize("name", sorted(FRAMES))
async def test_a_frame_has_the_keys_and_types_of_the_recorded_one(
    busy: Stranger, name: str, record_property: Any
) -> None:
    theirs, channel = recorded(name), FRAMES[name].replace("me", str(busy.index))
    async with listening(busy.paper) as heard:
        ours = await heard.subscribe(channel, auth=busy.token)
        if theirs["type"].startswith("update/"):
            ours = await _updated(heard, busy, theirs["type"])
    record_property("compared", f"{name} with {channel}: {len(json.dumps(theirs))} characters")
    assert ours["type"].partition("/")[2] == theirs["type"].partition("/")[2]
    assert sorted(set(differences(ours, theirs, channel))) == []


async def _updated(heard: Any, busy: Stranger, kind_of_frame: str) -> Any:
    """Have something happen to prices and account, and give the update that tells it."""
    busy.paper.price("ETH", 3_001)
    done(await busy.client.create_market_order(ETH, 4, 500, 315_000, is_ask=False))
    busy.paper.price("ETH", 3_000)
    return await until(lambda: next((one for one in heard.frames if one.get("type") == kind_of_frame), None))


def test_every_recording_is_compared_or_named_as_not_ours() -> None:
    there = {file.name for file in FIXTURES.iterdir()}
    assert there == set(READS) | set(FRAMES) | ELSEWHERE


def test_a_difference_is_seen() -> None:
    theirs = {"a": "1", "b": [{"c": 1}], "d": {"e": True}}
    assert list(differences({"a": 1, "b": [{}], "d": {"e": 1}}, theirs, "x")) == [
        "x.a: ours is number, theirs text",
        "x.b[].c: missing in ours",
        "x.d.e: ours is number, theirs boolean",
    ]
