"""An enable is answered or nothing: its order, its refusals, answers not to be believed or overtaken."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from riskcontrol import delivery, operations, rows
from riskcontrol.models import Change, Delivery, RiskSettings
from tests.pm.conftest import BTC, ETH, OTTO, adopted, register
from tests.pm.fake_trader import BTC as NAME
from tests.pm.fake_trader import ETH as OTHER
from tests.pm.fake_trader import FakeTrader, Handler, state
from venues.contract.errors import ProductError

FOUR = {"stop_loss_dollars": Decimal(4)}


@pytest.fixture
def disabled(known: FakeTrader) -> FakeTrader:
    """A trader whose one strategy an operator has disabled."""
    operations.set_enabled(BTC, False, actor=OTTO)
    return known


def refused(code: str, operation: Any, *args: Any) -> str:
    """Ask for what is refused with this code; gives the sentence."""
    with pytest.raises(ProductError) as caught:
        operation(BTC, *args, actor=OTTO)
    assert caught.value.code == code
    return caught.value.detail


def last() -> tuple[str, str]:
    found = Change.objects.latest("id")
    return found.action, found.outcome


def answering(fake: FakeTrader, end: str, status: int, body: dict[str, Any]) -> None:
    """Have paths that end so answered with this."""

    def answer(handler: Handler) -> bool:
        if handler.path.endswith(end):
            handler.say(status, body)
        return handler.path.endswith(end)

    fake.answer = answer


def test_settings_that_wait_go_before_an_enable(disabled: FakeTrader) -> None:
    disabled.stop()
    assert operations.change_settings(BTC, FOUR, actor=OTTO).status == "pending"
    disabled.start()
    found = operations.set_enabled(BTC, True, actor=OTTO)
    assert (found.status, found.row["sync"], found.row["revision"]) == ("applied", "applied", 3)
    said = [(verb, body["revision"]) for verb, _, body in disabled.commands]
    assert said == [("disable", 1), ("settings", 2), ("enable", 3)]


def test_an_enable_passes_no_settings_that_are_on_their_way(
    disabled: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "ANSWER_S", 0.1)
    with delivery.lane(RiskSettings.objects.get().strategy_id, time.monotonic() + 1):
        assert "Nothing was sent" in refused("trader_unreachable", operations.set_enabled, True)
    assert disabled.told("enable") == []
    assert (last(), rows.row(BTC)["sync"]) == (("enable", "refused"), "applied")


def test_a_refused_enable_leaves_nothing_pending(disabled: FakeTrader) -> None:
    answering(disabled, "/enable", 409, {"detail": "Not before noon.", "code": "rejected", "fields": {}})
    assert refused("rejected", operations.set_enabled, True) == "Not before noon."
    assert (last(), rows.row(BTC)["sync"]) == (("enable", "refused"), "applied")
    assert RiskSettings.objects.get().enabling is None


def test_an_enable_whose_answer_shows_it_disabled_is_not_believed(disabled: FakeTrader) -> None:
    answering(disabled, "/enable", 200, disabled.states[NAME].to_json())
    assert "reports the strategy disabled" in refused("trader_bad_answer", operations.set_enabled, True)
    assert (last(), rows.row(BTC)["sync"]) == (("enable", "pending"), "pending")


def test_a_reset_whose_answer_shows_it_killed_is_not_believed(known: FakeTrader) -> None:
    operations.kill(BTC, actor=OTTO)
    answering(known, "/reset-kill-switch", 200, known.states[NAME].to_json())
    assert "reports the strategy killed" in refused("trader_bad_answer", operations.reset_kill_switch)
    assert (last(), rows.row(BTC)["status"]) == (("reset", "pending"), "Killed")


def test_a_trader_ahead_of_pm_is_enabled_above_its_revision(disabled: FakeTrader) -> None:
    disabled.report(NAME, revision=20, tell=False)
    found = operations.set_enabled(BTC, True, actor=OTTO)
    assert (found.status, found.row["enabled"], found.row["revision"]) == ("applied", True, 21)
    assert (disabled.states[NAME].enabled, disabled.states[NAME].revision) == (True, 21)
    assert Change.objects.get(action="enable").revision == 21


def test_an_enables_answer_does_not_undo_a_later_disable(
    disabled: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_disable(handler: Handler) -> bool:
        disabled.answer = None
        monkeypatch.setattr(operations, "ANSWER_S", 0.1)
        try:
            operations.set_enabled(BTC, False, actor=OTTO)
        finally:
            connections.close_all()
        return False

    disabled.answer = first_disable
    operations.set_enabled(BTC, True, actor=OTTO)
    assert (rows.row(BTC)["enabled"], rows.row(BTC)["sync"]) == (False, "pending")
    assert delivery.deliver_source("hyperliquid") is None
    assert disabled.states[NAME].enabled is False


@pytest.fixture
def two(transactional_db: None) -> Iterator[FakeTrader]:
    """A trader with two strategies, for each of which a change waits."""
    with FakeTrader(state(), state(OTHER)) as fake:
        register(fake)
        adopted(*fake.states.values())
        fake.stop()
        for key in (BTC, ETH):
            operations.change_settings(key, FOUR, actor=OTTO)
        fake.start()
        yield fake


def test_a_strategy_that_is_answered_badly_holds_up_no_other(two: FakeTrader) -> None:
    def fail(handler: Handler) -> bool:
        if "/momentum/" in handler.path:
            handler.raw(500, b"oops")
        return "/momentum/" in handler.path

    two.answer = fail
    assert delivery.deliver_source("hyperliquid") is None
    assert two.states[OTHER].limits.stop_loss_dollars == 4
    two.answer = None
    delivery.deliver_source("hyperliquid")
    assert two.states[NAME].limits.stop_loss_dollars == 5, "it waits longer each time"
    delivery.retry_at_once("hyperliquid")
    delivery.deliver_source("hyperliquid")
    assert two.states[NAME].limits.stop_loss_dollars == 4
    assert {one.state for one in Delivery.objects.all()} == {"delivered"}
