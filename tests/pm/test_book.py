"""The live copy: what overtakes what, what a refusing database leaves, when silence is stale and offline."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection

from portfolio import book, memory
from portfolio.memory import Link
from portfolio.models import ClosedTrade, Strategy, Transition
from riskcontrol import rows
from tests.pm.conftest import BTC, ETH, adopted, register
from tests.pm.fake_trader import ETH as OTHER
from tests.pm.fake_trader import state
from venues.contract.names import RowKey
from venues.contract.states import Account, Kill, Trade

pytestmark = pytest.mark.django_db

SOURCE = "hyperliquid"
FIRST = Kill(epoch=0, at="2026-11-22T08:00:00Z", cause="loss")


def trade(pnl: int, trade_id: str = "t1") -> Trade:
    return Trade(
        trade_id, "momentum", "BTC", 0, "long", Decimal("0.01"), Decimal(60000), Decimal(59900),
        "2026-11-22T07:00:00Z", "2026-11-22T07:10:00Z", Decimal(pnl), Decimal(0), Decimal(0),
    )  # fmt: skip


def test_a_message_from_before_a_reset_does_not_bring_its_kill_back() -> None:
    register(None)
    adopted(state(is_killed=True, kill=FIRST))
    book.record(SOURCE, [state(epoch=1)])
    for overtaken in (state(is_killed=True, kill=FIRST), state(total_pnl=Decimal(-99))):
        book.record(SOURCE, [overtaken])
        found = rows.row(BTC)
        assert (found["status"], found["epoch"], found["kill"]) == ("Active", 1, None)
        assert (found["total_pnl"], found["warnings"]) == (Decimal("-12.34"), [])
    book.flush(SOURCE)
    assert [one.after for one in Transition.objects.order_by("id")] == ["Active"]


def test_a_snapshot_of_an_older_epoch_is_believed() -> None:
    register(None)
    adopted(state(epoch=3))
    book.record(SOURCE, [state(is_killed=True, kill=FIRST)], complete=True)
    assert (rows.row(BTC)["status"], rows.row(BTC)["epoch"]) == ("Killed", 0)


def test_a_lower_revision_is_believed_once_nothing_newer_was_heard_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(None)
    adopted(state(revision=7))
    book.record(SOURCE, [state(revision=6, stop_loss_dollars=9)])
    assert rows.row(BTC)["enforced"] is None
    monkeypatch.setattr(memory, "LATE_S", 0.0)
    book.record(SOURCE, [state(revision=6, stop_loss_dollars=9)])
    assert rows.row(BTC)["enforced"]["stop_loss_dollars"] == 9


def test_a_read_is_as_old_as_its_beginning() -> None:
    register(None)
    adopted(state())
    begun = time.monotonic()
    book.record(SOURCE, [state(total_pnl=Decimal(9))])
    book.record(SOURCE, [state(total_pnl=Decimal(1))], complete=True, begun=begun)
    assert rows.row(BTC)["total_pnl"] == 9
    book.record(SOURCE, [state(total_pnl=Decimal(2))], complete=True, begun=time.monotonic())
    assert rows.row(BTC)["total_pnl"] == 2


def test_what_a_full_disk_refused_is_stored_the_next_time() -> None:
    def refuse(*args: Any) -> Any:
        raise OperationalError("database or disk is full")

    register(None)
    adopted(state())
    book.flush(SOURCE, everything=True)
    book.record(SOURCE, [state(is_killed=True, kill=FIRST)])
    book.record_trades(SOURCE, [trade(-1), trade(-3, "t0")])
    with pytest.raises(DatabaseError), connection.execute_wrapper(refuse):
        book.flush(SOURCE)
    assert not Transition.objects.exists()
    book.record(SOURCE, [state(epoch=1)])
    book.record_trades(SOURCE, [trade(-2)])
    book.flush(SOURCE)
    stored = Strategy.objects.get()
    assert (stored.is_killed, stored.epoch) == (False, 1)
    assert [one.after for one in Transition.objects.order_by("id")] == ["Killed", "Active"]
    assert {one.trade_id: one.pnl for one in ClosedTrade.objects.all()} == {"t0": -3, "t1": -2}


def test_a_kill_that_a_full_disk_refused_is_stored_without_another_word() -> None:
    def refuse(*args: Any) -> Any:
        raise OperationalError("database or disk is full")

    register(None)
    adopted(state())
    book.flush(SOURCE, everything=True)
    assert book.record(SOURCE, [state(is_killed=True, kill=FIRST)])
    with pytest.raises(DatabaseError), connection.execute_wrapper(refuse):
        book.flush(SOURCE)
    book.flush(SOURCE)
    assert Strategy.objects.get().is_killed


def test_a_snapshot_says_nothing_of_another_traders_rows() -> None:
    register(None)
    register(None, "lighter")
    adopted(state(), state(OTHER))
    adopted(state(), source="lighter")
    book.record(SOURCE, [state()], complete=True)
    gone = "not running at the trader"
    assert gone in rows.row(ETH)["warnings"]
    assert rows.row(BTC)["warnings"] == []
    assert rows.row(RowKey("lighter", "momentum", "BTC"))["warnings"] == []
    book.flush("lighter")
    assert Strategy.objects.get(strategy_id="mean-reversion").present, "it is the other trader's to store"
    book.flush(SOURCE)
    assert not Strategy.objects.get(strategy_id="mean-reversion").present
    book.record(SOURCE, [state(), state(OTHER)], complete=True)
    assert rows.row(ETH)["warnings"] == []
    book.flush(SOURCE)
    assert Strategy.objects.get(strategy_id="mean-reversion").present


@pytest.mark.parametrize(
    ("age_s", "status"),
    [(0, "online"), (4.9, "online"), (5.0, "stale"), (14.9, "stale"), (15.1, "offline"), (9e9, "offline")],
)
def test_status_goes_by_the_age_of_the_last_message(age_s: float, status: str) -> None:
    assert Link(heard=time.monotonic() - age_s).status() == status
    assert Link(heard=time.monotonic() - age_s, refused=True).status() == "offline"
    assert Link().status() == "offline"


def test_equity_is_stored_once_a_minute() -> None:
    trader = register(None)
    adopted(state())
    book.record_account(SOURCE, Account(equity=Decimal(10000), network="paper"))
    now = datetime(2026, 11, 22, 7, 47, 5, tzinfo=UTC)
    for later_s in (0, 1, 54, 55):
        book.link(SOURCE).heard_at = now + timedelta(seconds=later_s)
        book.flush(SOURCE, everything=True)
    assert sorted(one.at.minute for one in trader.equity_points.all()) == [47, 48]


def test_the_error_of_a_link_is_gone_with_the_next_message() -> None:
    register(None)
    book.failed(SOURCE, "The trader did not answer in time.")
    assert rows.source(SOURCE)["error"] == "The trader did not answer in time."
    book.heard(SOURCE)
    assert (rows.source(SOURCE)["error"], rows.source(SOURCE)["status"]) == (None, "online")


@pytest.mark.parametrize("changed", [{"kill": FIRST}, {"epoch": 1}, {"is_killed": True}])
def test_whatever_of_a_kill_changes_is_stored_at_once(changed: dict[str, Any]) -> None:
    register(None)
    adopted(state())
    assert not book.record(SOURCE, [state(total_pnl=Decimal(5))])
    assert book.record(SOURCE, [state(**changed)])
