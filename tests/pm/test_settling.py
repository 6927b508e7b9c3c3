"""What PM makes of deliveries, enables, resets and closes whose answer is late, lost or overtaken."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from portfolio import book
from portfolio.models import Strategy, Trader
from riskcontrol import delivery, operations, rows, upkeep
from riskcontrol.models import Change, Delivery, RiskSettings
from tests.pm.conftest import BTC, OTTO, adopted
from tests.pm.fake_trader import BTC as NAME
from tests.pm.fake_trader import FakeTrader, Handler
from venues.contract.errors import ProductError
from venues.contract.states import Position

SOURCE = "hyperliquid"
FOUR = {"stop_loss_dollars": Decimal(4)}
OPEN = Position("long", Decimal("0.012"), Decimal(64210))


def outcome(action: str) -> str:
    """Give what became of the last record of an action."""
    return Change.objects.filter(action=action).latest("id").outcome


def hear(fake: FakeTrader, **changes: Any) -> None:
    """Have the trader change without a word, and PM read it afresh."""
    fake.report(NAME, tell=False, **changes)
    adopted(*fake.states.values())


def lost(fake: FakeTrader, monkeypatch: pytest.MonkeyPatch, operation: Any, *args: Any) -> None:
    """Ask for something while the trader is frozen."""
    for module in ("operations", "asking"):
        monkeypatch.setattr(f"riskcontrol.{module}.ANSWER_S", 0.2)
    fake.freeze()
    with pytest.raises(ProductError, match="may or may not"):
        operation(BTC, *args, actor=OTTO)


def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "SETTLED_AFTER", timedelta(0))


def test_nothing_is_settled_while_a_delivery_waits(away: Trader) -> None:
    operations.change_settings(BTC, FOUR, actor=OTTO)
    assert upkeep.unsettled(SOURCE) == {}
    settings = RiskSettings.objects.get()
    assert upkeep.settle(SOURCE, {settings.pk: settings.revision}) == 0
    assert not Change.objects.filter(action="drift").exists()


def test_nothing_is_sent_for_a_strategy_that_its_trader_no_longer_runs(known: FakeTrader) -> None:
    hear(known, stop_loss_dollars=9)
    book.record(SOURCE, [], complete=True)
    book.flush(SOURCE)
    assert not Strategy.objects.get().present
    assert upkeep.unsettled(SOURCE) == {}
    hear(known)
    book.flush(SOURCE)
    assert Strategy.objects.get().present
    assert upkeep.unsettled(SOURCE)


def test_an_enable_is_not_called_refused_while_it_may_be_on_its_way(
    known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.set_enabled(BTC, False, actor=OTTO)
    lost(known, monkeypatch, operations.set_enabled, True)
    assert upkeep.settle(SOURCE, upkeep.unsettled(SOURCE)) == 0
    assert outcome("enable") == "pending"
    assert rows.row(BTC)["sync"] == "pending"
    at_once(monkeypatch)
    assert upkeep.settle(SOURCE, upkeep.unsettled(SOURCE)) == 0
    assert outcome("enable") == "refused"
    assert (rows.row(BTC)["sync"], rows.row(BTC)["enabled"]) == ("applied", False)


def test_a_disable_ends_an_enable_that_nobody_answered(
    known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.set_enabled(BTC, False, actor=OTTO)
    lost(known, monkeypatch, operations.set_enabled, True)
    assert operations.set_enabled(BTC, False, actor=OTTO).status == "pending"
    assert outcome("enable") == "refused"
    known.thaw()
    assert delivery.deliver_source(SOURCE) is None
    assert known.states[NAME].enabled is False
    assert known.commands[-1] == ("disable", NAME, {"revision": 3})
    assert (outcome("disable"), rows.row(BTC)["sync"]) == ("applied", "applied")


@pytest.mark.parametrize(
    ("action", "operation", "later", "became"),
    [
        ("reset", operations.reset_kill_switch, {"is_killed": False, "kill": None, "epoch": 1}, "applied"),
        ("reset", operations.reset_kill_switch, {}, "refused"),
        ("close", operations.close, {"position": None}, "applied"),
        ("close", operations.close, {}, "refused"),
    ],
)
def test_a_reset_and_a_close_are_settled_by_a_report_later_than_any_answer(
    known: FakeTrader,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    operation: Any,
    later: dict[str, Any],
    became: str,
) -> None:
    if action == "reset":
        known.trip()
    hear(known, position=OPEN)
    lost(known, monkeypatch, operation)
    hear(known, **later)
    upkeep.settle_unanswered(SOURCE)
    assert outcome(action) == "pending"
    at_once(monkeypatch)
    upkeep.settle_unanswered(SOURCE)
    assert outcome(action) == became


def test_a_superseded_change_is_applied_once_the_trader_reports_its_values(
    known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.stop()
    operations.change_settings(BTC, FOUR, actor=OTTO)
    known.report(NAME, tell=False, revision=20, stop_loss_dollars=9)
    known.start()
    delivery.deliver_source(SOURCE)
    assert Delivery.objects.get().state == "superseded"
    at_once(monkeypatch)
    upkeep.settle_unanswered(SOURCE)
    assert outcome("change") == "pending"
    hear(known, stop_loss_dollars=4)
    upkeep.settle_unanswered(SOURCE)
    assert outcome("change") == "applied"


def test_a_refusal_that_comes_after_a_newer_change_says_nothing_of_that_one(known: FakeTrader) -> None:
    known.stop()
    for percent in (50, 2):
        operations.change_settings(BTC, {"risk_per_trade": Decimal(percent)}, actor=OTTO)
    known.start()
    delivery.deliver_source(SOURCE)
    assert [one.state for one in Delivery.objects.order_by("id")] == ["rejected", "delivered"]
    assert (rows.row(BTC)["sync"], rows.row(BTC)["risk_per_trade"]) == ("applied", 2)
    hear(known, risk_per_trade=3)
    assert rows.row(BTC)["sync"] == "drift"
    assert upkeep.settle(SOURCE, upkeep.unsettled(SOURCE)) == 1
    assert delivery.deliver_source(SOURCE) is None
    assert known.states[NAME].limits.risk_per_trade == 2


def test_an_acknowledgement_that_comes_after_a_newer_change_settles_its_own_alone(
    known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is held up at the trader until the second has given up waiting for it."""
    held, go = threading.Event(), threading.Event()

    def slowly(handler: Handler) -> bool:
        known.answer = None
        held.set()
        return not go.wait(5)

    known.answer = slowly
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(in_thread, FOUR)
        assert held.wait(5)
        monkeypatch.setattr(operations, "ANSWER_S", 0.1)
        second = operations.change_settings(BTC, {"stop_loss_dollars": Decimal(3)}, actor=OTTO, expected=1)
        assert second.status == "pending"
        go.set()
        assert first.result() == "applied"
    assert [one.state for one in Delivery.objects.order_by("id")] == ["delivered", "pending"]
    found = rows.row(BTC)
    assert (found["revision"], found["stop_loss_dollars"], found["sync"]) == (2, 3, "pending")
    assert found["enforced"]["stop_loss_dollars"] == 4
    assert delivery.deliver_source(SOURCE) is None
    assert known.states[NAME].limits.stop_loss_dollars == 3
    assert rows.row(BTC)["sync"] == "applied"


def in_thread(changes: dict[str, Decimal]) -> str:
    """Change settings on a thread of its own; gives what became of it."""
    try:
        return operations.change_settings(BTC, changes, actor=OTTO).status
    finally:
        connections.close_all()


def test_a_trader_ahead_of_any_revision_stops_no_change(known: FakeTrader) -> None:
    hear(known, revision=2**70)
    for dollars in (4, 3):
        found = operations.change_settings(BTC, {"stop_loss_dollars": Decimal(dollars)}, actor=OTTO)
        assert (found.status, found.row["stop_loss_dollars"]) == ("pending", dollars)
