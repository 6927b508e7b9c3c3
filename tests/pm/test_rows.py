"""Rows: what is in them, in which order, and how many queries they cost."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from portfolio import book
from portfolio.rest import public
from riskcontrol import operations, rows
from riskcontrol.models import RiskSettings
from tests.pm.conftest import BTC, OTTO, adopted, register
from tests.pm.fake_trader import state
from venues.contract.errors import NotFound, Refused
from venues.contract.names import RowKey, StrategyKey
from venues.contract.states import Kill, Position

pytestmark = pytest.mark.django_db

FIELDS = [
    "source", "strategy_id", "symbol", "name", "enabled", "risk_per_trade", "stop_loss_dollars",
    "max_strategy_loss", "is_killed", "total_pnl", "model_reward", "status", "revision", "sync",
    "enforced", "epoch", "kill", "drawdown", "leverage", "last_denial", "position", "warnings",
    "kill_on", "as_of",
]  # fmt: skip


def many(count: int) -> None:
    register(None)
    adopted(*(state(StrategyKey(f"s{number}", "BTC"), total_pnl=Decimal(number)) for number in range(count)))


def test_a_row_has_every_field_of_the_contract() -> None:
    register(None)
    adopted(state(position=Position("long", Decimal("0.012"), Decimal("64210.5"), stop_price=Decimal(63801))))
    row = rows.row(BTC)
    assert set(row) == {*FIELDS, "_id", "_present", "_refusals", "_tells_positions"}
    assert row["position"]["stop_price"] == 63801
    assert rows.row_by_id(row["_id"]) == row


@pytest.mark.parametrize("count", [1, 30])
def test_the_queries_do_not_grow_with_the_rows(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    many(count)
    with django_assert_num_queries(2):
        assert len(rows.rows()) == count
    with django_assert_num_queries(1):
        assert rows.sources()[0]["strategies"] == count
    book.forget()
    with django_assert_num_queries(3):
        assert len(rows.rows()) == count


def test_a_row_is_rendered_once_until_it_changes() -> None:
    many(2)
    kept, moved = (rows.as_json(row).encoded_json for row in rows.rows())
    assert json.loads(kept, parse_float=Decimal) == public(rows.row(RowKey("hyperliquid", "s0", "BTC")))
    book.record("hyperliquid", [state(StrategyKey("s1", "BTC"), total_pnl=Decimal("-3.25"))])
    again, after = rows.rows()
    assert rows.as_json(again).encoded_json.partition('"as_of"')[0] == kept.partition('"as_of"')[0]
    assert json.loads(rows.as_json(after).encoded_json, parse_float=Decimal) == public(after)
    assert after["total_pnl"] == Decimal("-3.25")
    assert '"total_pnl":1,' in moved


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enabled", False), ("risk_per_trade", Decimal(2)), ("stop_loss_dollars", Decimal(4)),
        ("max_strategy_loss", Decimal(60)), ("revision", 9), ("enabling", 3),
        ("refused", {}), ("refusals", {"stop_loss_dollars": "No."}),
    ],
)  # fmt: skip
def test_no_stored_change_is_hidden_by_what_was_rendered(name: str, value: Any) -> None:
    register(None)
    adopted(state(stop_loss_dollars="6"))
    RiskSettings.objects.update(stop_loss_dollars=5, refused={"stop_loss_dollars": 5})
    before = rows.row(BTC)
    assert before["sync"] == "rejected"
    RiskSettings.objects.update(**{name: value})
    assert {**rows.row(BTC), "as_of": before["as_of"]} != before


def test_filters_and_order() -> None:
    many(3)
    adopted(state(StrategyKey("killed", "ETH"), is_killed=True, total_pnl=None))

    def found(**filters: Any) -> list[str]:
        return [row["strategy_id"] for row in rows.rows(**filters)]

    assert found(symbol="ETH") == ["killed"]
    assert found(status="Killed") == ["killed"]
    assert found(status="killed") == ["killed"]
    assert found(q="S1") == ["s1"]
    assert found(source="nowhere") == []
    assert found(strategy_id="s2") == ["s2"]
    assert found(ordering="-total_pnl") == ["s2", "s1", "s0", "killed"]
    assert found(ordering="total_pnl") == ["s0", "s1", "s2", "killed"]
    with pytest.raises(Refused) as caught:
        found(ordering="password")
    assert "ordering" in caught.value.fields


def test_what_nobody_has_is_not_found() -> None:
    with pytest.raises(NotFound):
        rows.row(BTC)
    with pytest.raises(NotFound):
        rows.row_by_id(17)
    with pytest.raises(NotFound):
        rows.source("nowhere")


def test_the_version_rises_with_every_change() -> None:
    register(None)
    adopted()
    seen = [rows.version()]
    book.record("hyperliquid", [state(total_pnl=Decimal(1))])
    seen.append(rows.version())
    operations.change_settings(BTC, {"stop_loss_dollars": Decimal(4)}, actor=OTTO)
    seen.append(rows.version())
    book.failed("hyperliquid", "gone", refused=True)
    seen.append(rows.version())
    assert sorted(set(seen)) == seen


def test_a_report_that_says_the_same_is_no_news() -> None:
    register(None)
    adopted()
    before = rows.version()
    book.record("hyperliquid", [state(as_of="2026-11-22T09:00:00Z")])
    assert rows.version() == before


def test_numbers_beyond_the_columns_do_not_stop_the_book() -> None:
    register(None)
    adopted(state(total_pnl=Decimal("1e17"), epoch=2**70, revision=2**70))
    book.flush("hyperliquid", everything=True)
    assert rows.row(BTC)["total_pnl"] == Decimal("1e17")
    adopted(state(total_pnl=Decimal("0.12345678"), stop_loss_dollars="5.1234567"))
    book.flush("hyperliquid", everything=True)
    assert rows.row(BTC)["total_pnl"] == Decimal("0.12345678")


def test_a_late_message_does_not_take_back_a_change_or_a_kill() -> None:
    register(None)
    adopted(state(revision=7, stop_loss_dollars=4))
    book.record("hyperliquid", [state(revision=6, stop_loss_dollars=5)])
    assert rows.row(BTC)["enforced"] is None
    kill = Kill(epoch=0, at="2026-11-22T08:00:00Z", cause="loss")
    book.record("hyperliquid", [state(revision=6, is_killed=True, kill=kill)])
    assert rows.row(BTC)["status"] == "Killed"
    book.record("hyperliquid", [state(revision=7, stop_loss_dollars=4)])
    assert rows.row(BTC)["status"] == "Killed"
    assert "the trader does not know of this kill; it is sent again" in rows.row(BTC)["warnings"]
    book.record("hyperliquid", [state(revision=7, stop_loss_dollars=4, epoch=1)])
    assert rows.row(BTC)["status"] == "Active"


def test_a_read_that_began_earlier_is_older_than_what_was_heard_since() -> None:
    register(None)
    adopted()
    book.record("hyperliquid", [state(total_pnl=Decimal(9))])
    book.record("hyperliquid", [state(total_pnl=Decimal(1))], complete=True, begun=0.0)
    assert rows.row(BTC)["total_pnl"] == 9


def test_two_traders_may_hold_the_same_names() -> None:
    register(None)
    register(None, "lighter")
    adopted()
    adopted(state(total_pnl=Decimal(3)), source="lighter")
    assert rows.row(RowKey("lighter", "momentum", "BTC"))["total_pnl"] == 3
    assert rows.row(BTC)["total_pnl"] == Decimal("-12.34")
    summary = book.summary()
    assert (summary["total"]["strategies"], summary["total"]["killed"]) == (2, 0)
    assert summary["total"]["unknown"] == ["hyperliquid", "lighter"]
