"""Hyperliquid's recorded answers, and made ones for what was not recorded, as our dataclasses."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venues.contract.errors import BadAnswer
from venues.hyperliquid import wire
from venues.trader.gateway import Fill

RECORDED = Path(__file__).parents[3] / "shared" / "fixtures" / "hyperliquid"
ACCOUNT = "0x360878d351f05975e25f1807a27895e1e5e004fb"
STATE = {
    "marginSummary": {
        "accountValue": "1000.0", "totalNtlPos": "960.0", "totalRawUsd": "40.0", "totalMarginUsed": "48.0",
    },
    "withdrawable": "952.0",
    "assetPositions": [
        {"type": "oneWay", "position": {"coin": "BTC", "szi": "-0.0100", "leverage": {"value": 20}}},
        {"type": "oneWay", "position": {"coin": "ETH", "szi": "0.0"}},
    ],
    "time": 1795334407703,
}  # fmt: skip
ORDER = {
    "coin": "BTC", "side": "A", "limitPx": "84831.0", "sz": "0.004", "origSz": "0.01", "oid": 9,
    "timestamp": 5, "cloid": "0x000000000000000000000000000000ff",
}  # fmt: skip


def recorded(name: str) -> Any:
    """A recorded answer, or the last one of a recorded exchange."""
    file = RECORDED / name
    if not file.is_file():
        pytest.skip(f"{name} is not at hand")
    if file.suffix == ".json":
        return json.loads(file.read_text())
    *_, quoted = re.findall(r"string: '(.*?)'\n +headers:", file.read_text(), re.S)
    return json.loads(re.sub(r"\n\s+", " ", quoted).replace("''", "'"))


def test_an_account_has_equity_margin_and_signed_positions() -> None:
    read = wire.account_read(STATE)
    assert (read.equity, read.margin_used, read.free) == (Decimal(1000), Decimal(48), Decimal(952))
    assert read.positions == {"BTC": Decimal("-0.01")}
    assert read.at_ms == 1795334407703


def test_a_recorded_account_is_read_once_it_has_a_time() -> None:
    read = wire.account_read({**recorded("cassettes/get_user_state.yaml"), "time": 1})
    assert read.positions["BTC"] == Decimal("-0.00785")
    assert read.positions["ETH"] == Decimal("0.1334")
    assert read.equity > read.free > 0


@pytest.mark.parametrize(
    "broken",
    [
        {"time": None},
        {"time": "5"},
        {"marginSummary": {}},
        {"marginSummary": {"accountValue": "NaN", "totalMarginUsed": "0"}},
        {"marginSummary": {"accountValue": "Infinity", "totalMarginUsed": "0"}},
        {"assetPositions": None},
        {"assetPositions": [{"position": {"coin": "BTC", "szi": "1e"}}]},
    ],
)
def test_i18_an_account_that_cannot_be_believed_is_no_account(broken: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer):
        wire.account_read({**STATE, **broken})


@pytest.mark.parametrize("mark", ["0", "-1", "NaN", "Infinity", "", None, "1e999999999"])
def test_i18_what_is_no_price_is_a_failed_read(mark: Any) -> None:
    with pytest.raises(BadAnswer):
        wire.prices("BTC", {"markPx": mark, "midPx": None, "oraclePx": "5"})


def test_a_message_has_its_mark_mid_and_oracle() -> None:
    read = wire.prices("BTC", {"markPx": "96000.5", "midPx": None, "oraclePx": "95999"})
    assert (read.mark, read.mid, read.oracle) == (Decimal("96000.5"), None, Decimal(95999))


def test_a_recorded_liquidation_is_a_fill_of_the_one_liquidated() -> None:
    row = recorded("ws_user_fill_liquidation.json")["data"]["fills"][0]
    mine = wire.fill(row, ACCOUNT)
    assert mine == Fill(
        fill_id="745210434703679",
        symbol="BTC",
        side="sell",
        price=Decimal("66653.0"),
        size=Decimal("0.001"),
        fee=Decimal("0.009997"),
        at_ms=1781528065899,
        order_id="55030848197",
        client_id=0xE8D5FD7EBBB4C3CFF4D1803472A11463,
        liquidation=True,
        start_position=Decimal("-0.0213"),
    )
    assert not wire.fill(row, "0x" + "1" * 40).liquidation


def test_recorded_fills_come_oldest_first_without_spot() -> None:
    rows = recorded("http_user_fills_dust_conversion.json")
    read = wire.fills(rows, ACCOUNT)
    assert [one.at_ms for one in read] == sorted(one.at_ms for one in read)
    assert {one.symbol for one in read} == {row["coin"] for row in rows if not wire.is_spot(row["coin"])}


def test_a_fill_that_cannot_be_believed_raises() -> None:
    row = recorded("http_user_fills_dust_conversion.json")[0]
    for broken in ({"sz": "0"}, {"px": "NaN"}, {"side": "?"}, {"tid": None}, {"fee": "x"}):
        with pytest.raises(BadAnswer):
            wire.fill({**row, **broken}, ACCOUNT)


def test_recorded_open_orders_tell_stops_from_limits_and_sleeping_children() -> None:
    read = {
        one.order_id: one for one in wire.open_orders(recorded("cassettes/get_frontend_open_orders.yaml"))
    }
    entry, stop = read["3184595905"], read["3184595906"]
    assert (entry.status, entry.trigger, entry.side, entry.reduce_only) == ("open", None, "buy", False)
    assert (stop.status, stop.trigger, stop.side, stop.reduce_only) == (
        "waiting",
        Decimal("9.995"),
        "sell",
        True,
    )
    assert stop.filled == 0


def test_recorded_history_has_words_for_every_fate() -> None:
    rows = recorded("cassettes/historical_orders.yaml")
    read = [wire.order_state(row["order"], row["status"], row["statusTimestamp"]) for row in rows]
    assert {(one.said, one.status) for one in read} >= {
        ("iocCancelRejected", "rejected"),
        ("canceled", "canceled"),
    }
    assert all(one.filled == 0 for one in read if one.said == "iocCancelRejected")


VENUE_WORDS = [
    "open",
    "filled",
    "canceled",
    "triggered",
    "rejected",
    "marginCanceled",
    "vaultWithdrawalCanceled",
    "openInterestCapCanceled",
    "selfTradeCanceled",
    "reduceOnlyCanceled",
    "siblingFilledCanceled",
    "delistedCanceled",
    "liquidatedCanceled",
    "scheduledCancel",
    "tickRejected",
    "minTradeNtlRejected",
    "perpMarginRejected",
    "reduceOnlyRejected",
    "badAloPxRejected",
    "iocCancelRejected",
    "badTriggerPxRejected",
    "marketOrderNoLiquidityRejected",
    "positionIncreaseAtOpenInterestCapRejected",
    "positionFlipAtOpenInterestCapRejected",
    "tooAggressiveAtOpenInterestCapRejected",
    "openInterestIncreaseRejected",
    "insufficientSpotBalanceRejected",
    "oracleRejected",
    "perpMaxPositionRejected",
]


@pytest.mark.parametrize("word", VENUE_WORDS)
def test_every_word_of_the_venue_has_a_status(word: str) -> None:
    status = wire.order_status(word)
    assert status != "unknown"
    if "ancel" in word and not word.endswith("Rejected"):
        assert status == "canceled"
    if word.lower().endswith("rejected"):
        assert status == "rejected"


def test_an_unforeseen_word_is_unknown() -> None:
    assert wire.order_status("frozen") == "unknown"


def test_an_order_s_fate_tells_what_was_filled() -> None:
    answer = {
        "status": "order",
        "order": {"order": ORDER, "status": "reduceOnlyCanceled", "statusTimestamp": 6},
    }
    read = wire.order_fate(answer)
    assert read is not None
    assert (read.status, read.said, read.at_ms, read.client_id) == ("canceled", "reduceOnlyCanceled", 6, 255)
    assert (read.size, read.filled, read.trigger) == (Decimal("0.01"), Decimal("0.006"), None)
    assert wire.order_fate({"status": "unknownOid"}) is None


def test_a_report_that_does_not_say_what_was_filled_gives_none() -> None:
    assert wire.order_state({**ORDER, "origSz": "0.0", "sz": "0.0"}).filled is None
    assert wire.order_state({**ORDER, "sz": "0.01"}, "filled").filled is None
    assert wire.order_state({**ORDER, "sz": "0.0"}, "filled").filled == Decimal("0.01")


def test_client_ids_survive_the_way_out_and_back() -> None:
    for number in (1, 2**48, 2**128 - 1):
        cloid = wire.cloid_of(number)
        assert len(cloid) == 34
        assert wire.client_id_of(cloid) == number
    assert wire.client_id_of(None) is None


def test_funding_has_one_id_on_both_ways() -> None:
    payment = {"coin": "BTC", "usdc": "-0.12", "szi": "0.01", "fundingRate": "0.0000125", "nSamples": None}
    read = wire.funding({"time": 7, "hash": "0x0", "delta": {"type": "funding", **payment}})
    assert read == wire.funding({"time": 7, **payment})
    assert (read.symbol, read.amount, read.at_ms) == ("BTC", Decimal("-0.12"), 7)


def test_the_last_candle_of_an_answer_is_open_and_left_out() -> None:
    rows = recorded("cassettes/get_candles_snapshot.yaml")
    read = wire.candle_rows(list(reversed(rows)), 3)
    assert [one.open_ms for one in read] == [row["t"] for row in rows[-4:-1]]
    assert all(one.closed and one.low <= one.open <= one.high for one in read)


def test_leverage_is_read_with_its_mode() -> None:
    assert wire.leverage({"leverage": {"type": "isolated", "value": 5, "rawUsd": "1"}}) == (5, False)
    assert wire.leverage({"leverage": {"type": "cross", "value": 20}}) == (20, True)
    with pytest.raises(BadAnswer):
        wire.leverage({"leverage": None})
