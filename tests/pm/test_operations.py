"""Changes, enables, disables, kills, resets and closes of one row, against a trader that runs or does not."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connections, transaction

from portfolio import book
from portfolio.models import Trader
from riskcontrol import operations, rows, upkeep, writing
from riskcontrol.models import Change, Delivery, RiskSettings
from riskcontrol.remarks import kill_remark
from tests.pm.conftest import BTC, OTTO, adopted, register
from tests.pm.fake_trader import BTC as NAME
from tests.pm.fake_trader import FakeTrader, Handler, state
from venues.contract.errors import BadAnswer, Conflict, NotFound, ProductError, Unreachable
from venues.contract.names import RowKey

FOUR = {"stop_loss_dollars": Decimal(4)}


def outcomes() -> list[tuple[str, str]]:
    """Give (action, outcome) of every record but the adoptions, oldest first."""
    found = Change.objects.exclude(action="adopt").order_by("id")
    return [(one.action, one.outcome) for one in found]


def failing(end: str) -> Callable[[Handler], bool]:
    """Give a fault: paths that end so are answered 500."""

    def answer(handler: Handler) -> bool:
        if handler.path.endswith(end):
            handler.raw(500, b"oops")
            return True
        return False

    return answer


def refusal(code: str, operation: object, *args: object, **kwargs: object) -> ProductError:
    with pytest.raises(ProductError) as caught:
        operation(*args, actor=OTTO, **kwargs)  # type: ignore[operator]
    assert caught.value.code == code
    return caught.value


def test_a_change_is_applied_recorded_and_in_the_row(known: FakeTrader) -> None:
    outcome = operations.change_settings(BTC, FOUR, actor=OTTO, expected=0, reason="calmer")
    assert outcome.status == "applied"
    assert known.states[NAME].limits.stop_loss_dollars == 4
    assert known.told("settings") == [{"stop_loss_dollars": 4, "revision": 1}]
    row = outcome.row
    assert (row["stop_loss_dollars"], row["revision"], row["sync"], row["enforced"]) == (
        4,
        1,
        "applied",
        None,
    )
    change = rows.changes(BTC, action="change").get()
    assert (change.actor, change.via, change.ip) == ("otto", "api", "127.0.0.1")
    assert (change.before, change.after) == ({"stop_loss_dollars": 5}, {"stop_loss_dollars": 4})
    assert (change.revision, change.reason, change.outcome) == (1, "calmer", "applied")
    assert change.acknowledged_at is not None


def test_a_change_that_changes_nothing_leaves_no_record(known: FakeTrader) -> None:
    outcome = operations.change_settings(BTC, {"stop_loss_dollars": Decimal("5.00")}, actor=OTTO)
    assert (outcome.status, outcome.row["revision"]) == ("unchanged", 0)
    assert outcomes() == []
    assert known.commands == []


def test_a_stale_revision_conflicts_even_where_nothing_would_change(known: FakeTrader) -> None:
    operations.change_settings(BTC, FOUR, actor=OTTO)
    error = refusal("conflict", operations.change_settings, BTC, FOUR, expected=0)
    assert error.row is not None
    assert error.row["revision"] == 1
    assert outcomes() == [("change", "applied")]


def test_without_a_revision_a_change_goes_through(known: FakeTrader) -> None:
    operations.change_settings(BTC, FOUR, actor=OTTO)
    outcome = operations.change_settings(BTC, {"max_strategy_loss": Decimal(70)}, actor=OTTO)
    assert (outcome.status, outcome.row["revision"], outcome.row["stop_loss_dollars"]) == ("applied", 2, 4)


def test_an_unknown_strategy_is_not_found(known: FakeTrader) -> None:
    with pytest.raises(NotFound):
        operations.change_settings(RowKey("hyperliquid", "nobody", "BTC"), FOUR, actor=OTTO)
    with pytest.raises(NotFound):
        operations.kill(RowKey("nowhere", "momentum", "BTC"), actor=OTTO)


def test_i04_of_racing_saves_on_one_revision_exactly_one_wins(known: FakeTrader) -> None:
    start, found = threading.Barrier(8), []

    def save(dollars: int) -> None:
        start.wait()
        try:
            outcome = operations.change_settings(
                BTC, {"stop_loss_dollars": Decimal(dollars)}, actor=OTTO, expected=0
            )
            found.append(outcome.status)
        except Conflict as error:
            found.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=(10 + number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["applied"] + ["conflict"] * 7
    assert outcomes() == [("change", "applied")]
    assert RiskSettings.objects.get().stop_loss_dollars == known.states[NAME].limits.stop_loss_dollars


def test_i04_a_writer_whose_revision_is_gone_writes_nothing(known: FakeTrader) -> None:
    seen = writing.settings_of(BTC)
    operations.change_settings(BTC, FOUR, actor=OTTO)
    with pytest.raises(Conflict):
        writing.advance(seen, stop_loss_dollars=Decimal(9))
    assert RiskSettings.objects.get().stop_loss_dollars == 4


def test_i02_nothing_is_sent_before_its_commit(known: FakeTrader) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        outcome = operations.change_settings(BTC, FOUR, actor=OTTO)
        assert outcome.status == "pending"
        assert known.commands == []
        raise RuntimeError
    assert known.commands == []
    assert Delivery.objects.count() == 0
    with transaction.atomic():
        operations.change_settings(BTC, FOUR, actor=OTTO)
        assert known.commands == []
    assert known.told("settings") == [{"stop_loss_dollars": 4, "revision": 1}]


def test_i05_record_and_change_stand_or_fall_together(
    known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("riskcontrol.audit.record", full)
    with pytest.raises(OSError, match="disk full"):
        operations.change_settings(BTC, FOUR, actor=OTTO)
    assert RiskSettings.objects.get().revision == 0
    assert known.commands == []


def test_i02_a_change_for_a_trader_that_is_away_is_pending(away: Trader) -> None:
    outcome = operations.change_settings(BTC, FOUR, actor=OTTO)
    assert outcome.status == "pending"
    row = outcome.row
    assert (row["stop_loss_dollars"], row["sync"]) == (4, "pending")
    assert row["enforced"]["stop_loss_dollars"] == 5
    assert Delivery.objects.get().state == "pending"
    assert outcomes() == [("change", "pending")]


def test_a_refused_value_asked_for_again_is_rejected_again(known: FakeTrader) -> None:
    refusal("rejected", operations.change_settings, BTC, {"risk_per_trade": Decimal(50)})
    error = refusal("rejected", operations.change_settings, BTC, {"risk_per_trade": Decimal(50)})
    assert error.row is not None
    assert error.row["sync"] == "rejected"
    both = {"risk_per_trade": Decimal(50), "stop_loss_dollars": Decimal("3.8")}
    error = refusal("rejected", operations.change_settings, BTC, both)
    assert error.row is not None
    assert error.row["stop_loss_dollars"] == Decimal("3.8")


def test_what_the_trader_refuses_is_rejected_with_its_sentence(known: FakeTrader) -> None:
    error = refusal("rejected", operations.change_settings, BTC, {"risk_per_trade": Decimal(50)})
    assert error.row is not None
    assert (error.row["sync"], error.row["risk_per_trade"]) == ("rejected", 50)
    assert error.row["enforced"]["risk_per_trade"] == 1
    assert "Risk/Trade (%) must be at most 5 at this trader." in error.row["warnings"]
    assert outcomes() == [("change", "rejected")]


def test_beside_a_refused_value_another_setting_is_applied(known: FakeTrader) -> None:
    refusal("rejected", operations.change_settings, BTC, {"risk_per_trade": Decimal(50)})
    outcome = operations.change_settings(BTC, FOUR, actor=OTTO)
    assert known.states[NAME].limits.stop_loss_dollars == 4
    assert outcome.row["sync"] == "rejected"
    assert (
        operations.change_settings(BTC, {"risk_per_trade": Decimal(2)}, actor=OTTO).row["sync"] == "applied"
    )


def test_every_refused_value_keeps_its_own_sentence(known: FakeTrader) -> None:
    known.answer = refuses({"risk_per_trade": "Must be at most 5."})
    refusal("rejected", operations.change_settings, BTC, {"risk_per_trade": Decimal(50)})
    known.answer = refuses({"stop_loss_dollars": "Must be at most 7."})
    error = refusal("rejected", operations.change_settings, BTC, {"stop_loss_dollars": Decimal(9)})
    assert error.detail == "Stop Loss ($) must be at most 7."
    said = ["Risk/Trade (%) must be at most 5.", "Stop Loss ($) must be at most 7."]
    assert rows.row(BTC)["warnings"][:2] == said
    both = {"risk_per_trade": Decimal(50), "stop_loss_dollars": Decimal(9)}
    assert refusal("rejected", operations.change_settings, BTC, both).detail == " ".join(said)
    known.answer = None
    operations.change_settings(BTC, {"risk_per_trade": Decimal(2)}, actor=OTTO)
    assert rows.row(BTC)["warnings"][:1] == said[1:]


def test_two_values_refused_at_once_keep_both_sentences(known: FakeTrader) -> None:
    known.answer = refuses(
        {"risk_per_trade": "Must be at most 5.", "stop_loss_dollars": "Must be at most 7."}
    )
    both = {"risk_per_trade": Decimal(50), "stop_loss_dollars": Decimal(9)}
    error = refusal("rejected", operations.change_settings, BTC, both)
    assert error.detail == "Risk/Trade (%) must be at most 5. Stop Loss ($) must be at most 7."


@pytest.mark.parametrize("status", [400, 409])
def test_a_rejection_names_the_fields_that_the_trader_named_the_first_time_and_again(
    known: FakeTrader, status: int
) -> None:
    said = {"risk_per_trade": "Must be at most 5.", "stop_loss_dollars": "Must be at most 7."}
    known.answer = refuses(said | {"leverage": "Is ours."}, status)
    both = {"risk_per_trade": Decimal(50), "stop_loss_dollars": Decimal(9)}
    lists = {name: [sentence] for name, sentence in said.items()}
    for _ in range(2):
        assert refusal("rejected", operations.change_settings, BTC, both).fields == lists
    one = {"stop_loss_dollars": Decimal(9)}
    only = {"stop_loss_dollars": lists["stop_loss_dollars"]}
    assert refusal("rejected", operations.change_settings, BTC, one).fields == only
    known.answer = None
    operations.change_settings(BTC, {"stop_loss_dollars": Decimal(6)}, actor=OTTO)
    only = {"risk_per_trade": lists["risk_per_trade"]}
    assert (
        refusal("rejected", operations.change_settings, BTC, {"risk_per_trade": Decimal(50)}).fields == only
    )


def test_a_value_refused_for_another_settings_sake_names_that_one(known: FakeTrader) -> None:
    known.answer = refuses({"max_strategy_loss": "Must be above the stop loss."})
    for _ in range(2):
        error = refusal("rejected", operations.change_settings, BTC, {"stop_loss_dollars": Decimal(60)})
        assert error.fields == {"max_strategy_loss": ["Must be above the stop loss."]}


def refuses(fields: dict[str, str], status: int = 409) -> Callable[[Handler], bool]:
    """A trader that refuses settings, with a sentence for each of these fields."""
    code = "rejected" if status == 409 else "invalid"
    body = {"code": code, "fields": {name: [said] for name, said in fields.items()}}

    def answer(handler: Handler) -> bool:
        if handler.command != "PUT":
            return False
        handler.say(status, {"detail": next(iter(fields.values())), **body})
        return True

    return answer


def test_waiting_changes_reach_the_trader_in_order(known: FakeTrader) -> None:
    known.stop()
    for dollars in (4, 3, 2):
        operations.change_settings(BTC, {"stop_loss_dollars": Decimal(dollars)}, actor=OTTO)
    operations.set_enabled(BTC, False, actor=OTTO)
    known.start()
    outcome = operations.change_settings(BTC, {"max_strategy_loss": Decimal(40)}, actor=OTTO)
    assert outcome.status == "applied"
    assert [body["revision"] for _, _, body in known.commands] == [1, 2, 3, 4, 5]
    assert {outcome for _, outcome in outcomes()} == {"applied"}


def test_i07_a_delivery_repeated_after_a_later_one_changes_nothing(known: FakeTrader) -> None:
    operations.change_settings(BTC, FOUR, actor=OTTO)
    operations.change_settings(BTC, {"stop_loss_dollars": Decimal(3)}, actor=OTTO)
    first = Delivery.objects.order_by("id").first()
    assert first is not None
    Delivery.objects.filter(pk=first.pk).update(state="pending")
    operations.change_settings(BTC, {"max_strategy_loss": Decimal(60)}, actor=OTTO)
    assert known.states[NAME].limits.stop_loss_dollars == 3
    assert rows.row(BTC)["sync"] == "applied"


def test_i07_a_pm_restored_from_a_backup_counts_on_above_the_trader(known: FakeTrader) -> None:
    known.report(NAME, revision=20, tell=False)
    outcome = operations.change_settings(BTC, FOUR, actor=OTTO)
    assert outcome.status == "applied"
    assert outcome.row["revision"] == 21
    assert known.states[NAME].revision == 21
    assert known.states[NAME].limits.stop_loss_dollars == 4
    assert {outcome for _, outcome in outcomes()} == {"applied"}


def test_disable_is_queued_and_enable_is_not(away: Trader) -> None:
    assert operations.set_enabled(BTC, False, actor=OTTO).status == "pending"
    assert rows.row(BTC)["enabled"] is False
    error = refusal("trader_unreachable", operations.set_enabled, BTC, True)
    assert "Nothing was sent" in error.detail
    assert Delivery.objects.count() == 1
    assert rows.row(BTC)["enabled"] is False
    assert outcomes() == [("disable", "pending"), ("enable", "refused")]


def test_enable_and_disable_are_applied(known: FakeTrader) -> None:
    assert operations.set_enabled(BTC, True, actor=OTTO).status == "unchanged"
    off = operations.set_enabled(BTC, False, actor=OTTO)
    assert (off.status, off.row["status"], known.states[NAME].enabled) == ("applied", "Disabled", False)
    assert operations.set_enabled(BTC, False, actor=OTTO).status == "unchanged"
    back = operations.set_enabled(BTC, True, actor=OTTO, expected=1)
    assert (back.status, back.row["status"], back.row["revision"]) == ("applied", "Active", 2)
    assert known.states[NAME].enabled
    assert outcomes() == [("disable", "applied"), ("enable", "applied")]


def test_an_enable_of_an_enabled_strategy_is_refused_too_while_its_trader_is_away(away: Trader) -> None:
    refusal("trader_unreachable", operations.set_enabled, BTC, True)
    assert rows.row(BTC)["enabled"] is True
    assert outcomes() == [("enable", "refused")]


def test_an_enable_without_an_answer_may_have_happened(
    known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert operations.set_enabled(BTC, False, actor=OTTO).status == "applied"
    monkeypatch.setattr(operations, "ANSWER_S", 0.2)
    known.freeze()
    error = refusal("trader_unreachable", operations.set_enabled, BTC, True)
    assert "It may or may not have happened; the row shows it." in error.detail
    assert rows.row(BTC)["sync"] == "pending"
    assert outcomes()[-1] == ("enable", "pending")
    known.thaw()


def test_i13_a_killed_strategy_is_not_enabled(known: FakeTrader) -> None:
    known.trip()
    adopted(*known.states.values())
    error = refusal("killed", operations.set_enabled, BTC, True)
    assert error.row is not None
    assert error.row["status"] == "Killed"
    assert known.commands == []
    assert outcomes() == [("enable", "refused")]


def test_i13_a_kill_on_its_way_forbids_enable_and_reset(away: Trader) -> None:
    operations.kill(BTC, actor=OTTO)
    refusal("killed", operations.set_enabled, BTC, True)
    refusal("trader_unreachable", operations.reset_kill_switch, BTC)
    assert outcomes() == [("kill", "pending"), ("enable", "refused"), ("reset", "refused")]


def test_i13_a_kill_reaches_the_trader_before_any_reset(known: FakeTrader) -> None:
    known.answer = failing("/kill")
    assert operations.kill(BTC, actor=OTTO).status == "pending"
    error = refusal("trader_unreachable", operations.reset_kill_switch, BTC)
    assert "A kill has to reach the trader first" in error.detail
    assert known.told("reset-kill-switch") == []


def test_a_setting_that_is_acknowledged_and_not_kept_is_named_as_on_the_page(known: FakeTrader) -> None:
    def lie(handler: Handler) -> bool:
        handler.say(200, known.states[NAME].to_json())
        return True

    known.answer = lie
    error = refusal("rejected", operations.change_settings, BTC, FOUR)
    assert error.detail == "The trader acknowledged, but reports another Stop Loss ($)."


def without_buttons(handler: Handler) -> bool:
    """Answer as a trader that takes no POST, in words without a full stop."""
    if handler.command != "POST":
        return False
    handler.say(404, {"detail": "no such path"})
    return True


def test_a_trader_without_buttons_is_told_from_one_without_the_strategy(known: FakeTrader) -> None:
    known.answer = without_buttons
    said = "The trader reports this strategy and answers 404: it does not take this command."
    assert refusal("rejected", operations.close, BTC).detail == said
    assert refusal("rejected", operations.set_enabled, BTC, False).detail == said
    assert said in rows.row(BTC)["warnings"]


def test_a_kill_that_is_not_acknowledged_tells_why_in_the_row(known: FakeTrader) -> None:
    known.answer = without_buttons
    assert operations.kill(BTC, actor=OTTO).status == "pending"
    row = rows.row(BTC)
    assert (row["is_killed"], row["kill"]["state"], row["kill"]["last_answer"]) == (
        False,
        "requested",
        "no such path",
    )
    remark = kill_remark(row)
    assert remark is not None
    assert "no such path" in remark.parts
    error = refusal("trader_unreachable", operations.reset_kill_switch, BTC)
    assert error.detail == "A kill has to reach the trader first. no such path. Nothing was sent."


def test_a_kill_that_leaves_the_strategy_alive_is_not_acknowledged(known: FakeTrader) -> None:
    def lie(handler: Handler) -> bool:
        handler.say(200, known.states[NAME].to_json())
        return True

    known.answer = lie
    assert operations.kill(BTC, actor=OTTO).status == "pending"


def test_a_repair_looks_at_no_row_that_has_moved_on(known: FakeTrader) -> None:
    known.report(NAME, stop_loss_dollars=9, tell=False)
    adopted(*known.states.values())
    looked_at = upkeep.unsettled("hyperliquid")
    assert list(looked_at.values()) == [0]
    assert upkeep.settle("hyperliquid", dict.fromkeys(looked_at, 5)) == 0
    assert upkeep.settle("hyperliquid", looked_at) == 1
    assert outcomes() == [("drift", "pending")]


def test_a_kill_is_applied_and_recorded(known: FakeTrader) -> None:
    outcome = operations.kill(BTC, actor=OTTO, flatten=False, reason="news")
    assert (outcome.status, outcome.row["status"]) == ("applied", "Killed")
    assert known.told("kill") == [{"flatten": False, "reason": "news"}]
    assert operations.kill(BTC, actor=OTTO).status == "applied"
    assert outcomes() == [("kill", "applied"), ("kill", "applied")]


def test_a_kill_for_a_trader_that_is_away_is_shown_as_requested(away: Trader) -> None:
    outcome = operations.kill(BTC, actor=OTTO)
    assert outcome.status == "pending"
    assert outcome.row["kill"]["state"] == "requested"
    assert any("not yet acknowledged" in said for said in outcome.row["warnings"])


def test_i17_a_kill_passes_settings_that_wait_and_goes_out_unrecorded(
    known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    def locked(*args: object, **kwargs: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("riskcontrol.writing.write_kill", locked)
    operations.kill(BTC, actor=OTTO)
    assert known.states[NAME].is_killed


def test_a_reset_names_the_kill_it_clears(known: FakeTrader) -> None:
    operations.kill(BTC, actor=OTTO)
    refusal("epoch", operations.reset_kill_switch, BTC, epoch=7)
    outcome = operations.reset_kill_switch(BTC, actor=OTTO, epoch=0)
    assert (outcome.status, outcome.row["epoch"], outcome.row["status"]) == ("applied", 1, "Active")
    assert outcome.row["total_pnl"] == 0
    again = operations.reset_kill_switch(BTC, actor=OTTO, epoch=0)
    assert (again.status, again.row["epoch"]) == ("unchanged", 1)
    refusal("not_killed", operations.reset_kill_switch, BTC)
    assert outcomes() == [
        ("kill", "applied"),
        ("reset", "refused"),
        ("reset", "applied"),
        ("reset", "refused"),
    ]


def test_a_reset_waits_for_flat_unless_forced(known: FakeTrader) -> None:
    known.flat = False
    operations.kill(BTC, actor=OTTO)
    refusal("not_flat", operations.reset_kill_switch, BTC)
    assert operations.reset_kill_switch(BTC, actor=OTTO, force=True).row["is_killed"] is False
    assert rows.changes(BTC, action="reset").first().after["force"] is True  # type: ignore[union-attr]


def test_close_is_asked_and_never_queued(known: FakeTrader) -> None:
    assert operations.close(BTC, actor=OTTO).status == "applied"
    assert known.told("close") == [{}]
    known.stop()
    refusal("trader_unreachable", operations.close, BTC)
    assert Delivery.objects.count() == 0


def test_close_with_an_answer_not_to_be_believed_is_a_bad_answer(known: FakeTrader) -> None:
    def garbage(handler: object) -> bool:
        handler.raw(200, b"<html>")  # type: ignore[attr-defined]
        return True

    known.answer = garbage
    with pytest.raises(BadAnswer):
        operations.close(BTC, actor=OTTO)
    assert operations.change_settings(BTC, FOUR, actor=OTTO).status == "pending"


def test_a_trader_that_dribbles_is_waited_for_no_longer_than_the_deadline(
    known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    def dribble(handler: object) -> bool:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" * 10:
            handler.wfile.write(bytes([byte]))  # type: ignore[attr-defined]
            time.sleep(0.05)
        return True

    monkeypatch.setattr(operations, "ANSWER_S", 0.3)
    known.answer = dribble
    began = time.monotonic()
    assert operations.change_settings(BTC, FOUR, actor=OTTO).status == "pending"
    assert time.monotonic() - began < 1.5


def test_a_refusal_is_recorded(transactional_db: None) -> None:
    operations.record_refusal(actor=OTTO, key=BTC, reason="change: viewers do not change settings")
    change = rows.changes(BTC).get()
    assert (change.action, change.outcome, change.source) == ("refused", "refused", "hyperliquid")


def test_a_trader_elsewhere_gets_no_token(known: FakeTrader) -> None:
    Trader.objects.update(url="http://example.org:80")
    assert operations.change_settings(BTC, FOUR, actor=OTTO).status == "pending"
    assert Delivery.objects.get().last_error == "The trader's URL must name a host that TRADER_HOSTS allows."


def test_the_row_warns_of_what_pm_can_see(known: FakeTrader) -> None:
    outcome = operations.change_settings(
        BTC, {"stop_loss_dollars": Decimal(20), "max_strategy_loss": Decimal(13)}, actor=OTTO
    )
    assert "stop loss is above Max DD" in outcome.row["warnings"]
    known.report(NAME, total_pnl=Decimal(-14), tell=False)
    adopted(*known.states.values())
    assert "this kills now: the loss is above Max DD" in rows.row(BTC)["warnings"]
    known.report(NAME, kill_on="drawdown", drawdown=Decimal("13.5"), tell=False)
    adopted(*known.states.values())
    assert "this kills now: the drawdown is above Max DD" in rows.row(BTC)["warnings"]


def test_forgetting_the_live_copy_loses_no_row(known: FakeTrader) -> None:
    operations.change_settings(BTC, FOUR, actor=OTTO)
    before = rows.row(BTC)
    book.forget()
    after = rows.row(BTC)
    assert {**before, "as_of": None} == {**after, "as_of": None}


def test_the_state_of_a_trader_that_is_unknown_is_not_invented(transactional_db: None) -> None:
    register(None)
    adopted(state(total_pnl=None, model_reward=None, leverage=None, revision=None, drawdown=None))
    row = rows.row(BTC)
    assert (row["total_pnl"], row["model_reward"], row["sync"], row["revision"]) == (None, None, "applied", 0)


def test_unreachable_is_what_an_away_trader_is(away: Trader) -> None:
    with pytest.raises(Unreachable):
        operations.reset_kill_switch(BTC, actor=OTTO)
