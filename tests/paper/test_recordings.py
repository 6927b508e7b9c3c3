"""Our answers have the keys and types of the venue's recorded ones; what was compared is listed.

Old recordings lack fields that the venue has added since, and some hold markets that we do not have;
so every key of a recording must be in our answer with its type, beside those named in UNLIKE.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.paper.conftest import Stranger
from tests.paper.exchange import ROOT

FIXTURES = ROOT.parent / "shared" / "fixtures" / "hyperliquid"
BODY = re.compile(r"^ +string: '(.*?)'\n +headers:", re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recordings are not here")

# What a recording has and the venue no longer sends, or what belongs to markets we do not offer.
UNLIKE = {
    "maxTradeSzs",  # of clearinghouseState in 2023; activeAssetData has it since
    "growthMode",  # of builder markets
    "liquidation",  # comes with liquidations
}
# Optional in the venue's answers: null or absent where it is not so.
OPTIONAL = {"isDelisted", "onlyIsolated", "tif", "cloid", "premium", "liquidationPx", "twapId"}


def recorded(name: str) -> Any:
    """Give a recording: a JSON file, or the last answer of a cassette."""
    file = FIXTURES / name
    text = file.read_text()
    if file.suffix == ".json":
        return json.loads(text)
    answers = BODY.findall(text)
    assert answers, f"{name} holds no answer"
    return json.loads(re.sub(r"\n +", " ", answers[-1]).replace("''", "'"))


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", dict: "object", list: "list", type(None): "null"}[type(value)]


def differences(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    """Give what a recording has and our answer has not, or has as another type."""
    if theirs is None or (ours is None and where.rpartition(".")[2] in OPTIONAL):
        return
    if kind(ours) != kind(theirs):
        yield f"{where}: ours is {kind(ours)}, theirs {kind(theirs)}"
    elif isinstance(theirs, dict):
        for name, value in theirs.items():
            if name in UNLIKE:
                continue
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
def busy(stranger: Stranger) -> Stranger:
    """An account with positions, a resting entry with two children, a closed order and fills."""
    exchange = stranger.exchange
    exchange.market_open("BTC", True, 0.02)
    exchange.market_open("ETH", False, 0.5)
    exchange.market_open("SOL", True, 2)
    exchange.market_close("SOL")
    exchange.order("ETH", True, 0.1, 2_900, {"limit": {"tif": "Gtc"}})

    def wire(buy: bool, price: float, kind: Any, reduce: bool) -> Any:
        return {
            "coin": "BTC",
            "is_buy": buy,
            "sz": 0.01,
            "limit_px": price,
            "order_type": kind,
            "reduce_only": reduce,
        }

    stop = {"trigger": {"isMarket": True, "triggerPx": 93_000, "tpsl": "sl"}}
    profit = {"trigger": {"isMarket": True, "triggerPx": 99_000, "tpsl": "tp"}}
    orders = [
        wire(False, 84_000, profit, True),
        wire(False, 84_000, stop, True),
    ]
    entry = wire(True, 95_000, {"limit": {"tif": "Gtc"}}, False)
    exchange.bulk_orders([entry, *orders], grouping="normalTpsl")
    return stranger


def user(kind: str) -> dict[str, Any]:
    return {"type": kind, "user": True}


CANDLES = {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1h", "startTime": 0}}
COMPARED: dict[str, dict[str, Any]] = {
    "http_meta_perp_sample.json": {"type": "meta"},
    "http_l2_book_btc.json": {"type": "l2Book", "coin": "BTC"},
    "http_l2_book_snapshot.json": {"type": "l2Book", "coin": "BTC"},
    "http_funding_history.json": {"type": "fundingHistory", "coin": "BTC", "startTime": 0},
    "http_recent_trades_btc.json": {"type": "recentTrades", "coin": "BTC"},
    "http_clearinghouse_state_negative_total_raw_usd.json": user("clearinghouseState"),
    "http_spot_clearinghouse_state.json": user("spotClearinghouseState"),
    "http_spot_meta_non_usdc_collateral.json": {"type": "spotMeta"},
    "http_user_fills_dust_conversion.json": user("userFills"),
    "cassettes/extra_agents.yaml": user("extraAgents"),
    "cassettes/get_candles_snapshot.yaml": CANDLES,
    "cassettes/get_frontend_open_orders.yaml": user("frontendOpenOrders"),
    "cassettes/get_info.yaml": {"type": "meta"},
    "cassettes/get_l2_snapshot.yaml": {"type": "l2Book", "coin": "BTC"},
    "cassettes/get_open_orders.yaml": user("openOrders"),
    "cassettes/get_user_fills.yaml": user("userFills"),
    "cassettes/get_user_state.yaml": user("clearinghouseState"),
    "cassettes/historical_orders.yaml": user("historicalOrders"),
    "cassettes/user_rate_limit.yaml": user("userRateLimit"),
    "cassettes/user_role.yaml": user("userRole"),
}
ELSEWHERE = {
    "http_all_perp_metas_non_usdc_collateral.json",  # builder markets are not offered
    "ws_allmids.json",
    "ws_book_data.json",
    "ws_user_fill_liquidation.json",
    "cassettes/get_all_mids.yaml",
}


@pytest.mark.parametrize("name", sorted(COMPARED))
def test_an_answer_has_the_keys_and_types_of_the_recorded_one(
    busy: Stranger, name: str, record_property: Any
) -> None:
    request = dict(COMPARED[name])
    if request.get("user"):
        request["user"] = busy.address
    theirs = recorded(name)
    ours = busy.paper.info(**request)
    found = sorted(set(differences(ours, theirs, request["type"])))
    record_property("compared", f"{name} with {request['type']}: {len(json.dumps(theirs))} characters")
    assert found == []


@pytest.mark.parametrize("name", ["cassettes/get_all_mids.yaml", "ws_allmids.json"])
def test_mids_are_texts_by_coin(busy: Stranger, name: str) -> None:
    theirs = recorded(name)
    theirs = theirs["data"]["mids"] if "data" in theirs else theirs
    ours = busy.paper.info(type="allMids")
    assert {kind(one) for one in ours.values()} == {kind(one) for one in theirs.values()} == {"text"}
    assert {"BTC", "ETH", "SOL"} <= set(ours)


def test_pushed_books_and_fills_are_like_the_recorded_ones(busy: Stranger) -> None:
    book = busy.paper.info(type="l2Book", coin="BTC")
    assert list(differences(book, recorded("ws_book_data.json"), "book")) == []
    fills = {"fills": busy.paper.info(type="userFills", user=busy.address)}
    theirs = recorded("ws_user_fill_liquidation.json")["data"]
    assert list(differences(fills, theirs, "user")) == []


def test_every_recording_is_compared_or_named_as_not_ours() -> None:
    there = {str(file.relative_to(FIXTURES)) for file in Path(FIXTURES).rglob("*") if file.is_file()}
    assert there == set(COMPARED) | ELSEWHERE


def test_a_difference_is_seen() -> None:
    theirs = {"a": "1", "b": [{"c": 1}], "d": {"e": None}}
    assert list(differences({"a": 1, "b": [{}], "d": {}}, theirs, "x")) == [
        "x.a: ours is number, theirs text",
        "x.b[].c: missing in ours",
        "x.d.e: missing in ours",
    ]
