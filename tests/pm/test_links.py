"""Links against a trader on loopback: hear, adopt, notice silence, deliver, repair."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from portfolio import book, memory
from portfolio.models import ClosedTrade, Strategy, Trader, Transition
from riskcontrol import operations, rows, screen
from riskcontrol.models import Change, Delivery, RiskSettings
from riskcontrol.shown import show
from tests.pm.conftest import BTC, ETH, OTTO, Loop, register, wait_for
from tests.pm.fake_trader import BTC as NAME
from tests.pm.fake_trader import ETH as OTHER
from tests.pm.fake_trader import MINIMAL_FIELDS, FakeTrader, state
from venues.contract.errors import Conflict
from venues.contract.names import RowKey, StrategyKey
from venues.contract.states import Account, Trade

FOUR = {"stop_loss_dollars": Decimal(4)}


def source() -> dict[str, Any]:
    return rows.sources()[0]


def row() -> dict[str, Any]:
    found = rows.rows(symbol="BTC")
    return found[0] if found else {"sync": None, "status": None}


def synced() -> bool:
    return bool(row()["sync"] == "applied")


def online() -> bool:
    return bool(source()["status"] == "online")


def actions() -> list[tuple[str, str, str]]:
    found = Change.objects.exclude(action="adopt").order_by("id")
    return [(one.actor, one.action, one.outcome) for one in found]


@pytest.fixture
def followed(fake: FakeTrader, links: Loop) -> FakeTrader:
    """A trader that PM follows."""
    register(fake)
    links.start()
    wait_for(synced)
    return fake


def test_a_trader_is_heard_and_its_strategies_adopted(followed: FakeTrader) -> None:
    found = rows.row(BTC)
    assert (source()["status"], source()["strategies"], source()["network"]) == ("online", 1, "paper")
    assert (found["stop_loss_dollars"], found["total_pnl"]) == (Decimal(5), Decimal("-12.34"))
    change = Change.objects.get()
    assert (change.actor, change.action, change.outcome) == ("pm", "adopt", "applied")
    assert change.after["max_strategy_loss"] == 50


def test_a_change_at_the_trader_reaches_the_row(followed: FakeTrader) -> None:
    followed.report(NAME, total_pnl=Decimal("-20.5"))
    wait_for(lambda: row()["total_pnl"] == Decimal("-20.5"))
    wait_for(lambda: Strategy.objects.get().total_pnl == Decimal("-20.5"))


def test_a_kill_is_stored_at_once(followed: FakeTrader) -> None:
    followed.trip()
    wait_for(lambda: row()["status"] == "Killed")
    wait_for(lambda: Strategy.objects.get().is_killed, 0.5)
    transition = Transition.objects.get()
    assert (transition.before, transition.after, transition.cause) == ("Active", "Killed", "loss")
    assert row()["kill"]["cause"] == "loss"


def test_a_silent_trader_is_stale_and_then_offline_and_back_at_once(
    followed: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "ONLINE_S", 0.5)
    monkeypatch.setattr(memory, "OFFLINE_S", 1.2)
    followed.freeze()
    wait_for(lambda: source()["status"] == "stale")
    wait_for(lambda: source()["status"] == "offline")
    assert row()["status"] == "Active"
    followed.thaw()
    wait_for(online, 3)


def test_a_trader_that_ended_is_offline_and_found_again(followed: FakeTrader) -> None:
    followed.stop()
    wait_for(lambda: source()["status"] == "offline", 2)
    assert "refused" in source()["error"]
    assert row()["stop_loss_dollars"] == 5
    followed.start()
    wait_for(online, 3)
    assert source()["error"] is None


def test_i02_what_was_accepted_for_an_away_trader_is_delivered_in_order(followed: FakeTrader) -> None:
    followed.stop()
    for dollars in (4, 3):
        operations.change_settings(BTC, {"stop_loss_dollars": Decimal(dollars)}, actor=OTTO)
    operations.set_enabled(BTC, False, actor=OTTO)
    assert row()["sync"] == "pending"
    followed.start()
    wait_for(synced)
    assert [body["revision"] for _, _, body in followed.commands] == [1, 2, 3]
    assert followed.states[NAME].limits.stop_loss_dollars == 3
    assert {outcome for _, _, outcome in actions()} == {"applied"}


def test_a_kill_for_an_away_trader_is_delivered_before_settings(followed: FakeTrader) -> None:
    followed.stop()
    operations.change_settings(BTC, FOUR, actor=OTTO)
    assert operations.kill(BTC, actor=OTTO).status == "pending"
    followed.start()
    wait_for(lambda: row()["status"] == "Killed")
    wait_for(synced)
    assert [verb for verb, _, _ in followed.commands] == ["kill", "settings"]
    assert row()["kill"]["cause"] == "operator"
    assert {outcome for _, _, outcome in actions()} == {"applied"}


def test_a_kill_that_the_trader_answers_badly_is_repeated(followed: FakeTrader) -> None:
    def failing(handler: Any) -> bool:
        if handler.path.endswith("/kill"):
            handler.raw(500, b"oops")
            return True
        return False

    followed.answer = failing
    assert operations.kill(BTC, actor=OTTO).status == "pending"
    followed.answer = None
    wait_for(lambda: row()["status"] == "Killed")


def test_drift_is_repaired_by_a_change_of_pms_own(followed: FakeTrader) -> None:
    operations.change_settings(BTC, FOUR, actor=OTTO)
    followed.report(NAME, stop_loss_dollars=9)
    wait_for(lambda: len(actions()) == 2 and synced())
    assert actions()[1] == ("pm", "drift", "applied")
    assert followed.states[NAME].limits.stop_loss_dollars == 4
    assert (row()["revision"], followed.states[NAME].revision) == (2, 2)


def test_a_trader_restored_from_an_old_backup_is_repaired(followed: FakeTrader) -> None:
    for dollars in (4, 3):
        operations.change_settings(BTC, {"stop_loss_dollars": Decimal(dollars)}, actor=OTTO)
    followed.stop()
    followed.report(NAME, tell=False, stop_loss_dollars=5, revision=0)
    followed.start()
    wait_for(lambda: followed.states[NAME].limits.stop_loss_dollars == 3)
    wait_for(synced)
    assert actions()[-1] == ("pm", "drift", "applied")
    assert followed.states[NAME].revision == 3


def test_i07_a_trader_ahead_of_a_restored_pm_is_brought_back(followed: FakeTrader) -> None:
    followed.report(NAME, stop_loss_dollars=9, revision=30)
    wait_for(lambda: followed.states[NAME].limits.stop_loss_dollars == 5)
    wait_for(synced)
    assert (row()["revision"], followed.states[NAME].revision) == (31, 31)


def test_a_strategy_enabled_behind_pms_back_is_disabled_again(followed: FakeTrader) -> None:
    operations.set_enabled(BTC, False, actor=OTTO)
    followed.report(NAME, enabled=True)
    wait_for(lambda: not followed.states[NAME].enabled)
    wait_for(synced)
    assert row()["enabled"] is False


def test_a_strategy_disabled_by_its_trader_is_never_enabled_by_pm(followed: FakeTrader) -> None:
    followed.report(NAME, enabled=False)
    wait_for(lambda: row()["enabled"] is False and synced())
    assert followed.states[NAME].enabled is False
    assert not followed.told("enable")
    assert actions()[-1] == ("pm", "drift", "applied")


def test_what_the_trader_refuses_is_not_sent_again(followed: FakeTrader) -> None:
    with pytest.raises(Conflict, match="at most 5 at this trader"):
        operations.change_settings(BTC, {"risk_per_trade": Decimal(50)}, actor=OTTO)
    followed.report(NAME, total_pnl=Decimal(1))
    wait_for(lambda: row()["total_pnl"] == 1)
    before = len(followed.told("settings"))
    wait_for(lambda: source()["age_ms"] < 100)
    assert row()["sync"] == "rejected"
    assert len(followed.told("settings")) == before == 1


def test_i13_a_kill_that_the_trader_has_forgotten_is_sent_again(followed: FakeTrader) -> None:
    followed.trip()
    wait_for(lambda: row()["status"] == "Killed")
    followed.stop()
    followed.report(NAME, tell=False, is_killed=False, kill=None)
    followed.start()
    wait_for(lambda: followed.states[NAME].is_killed)
    assert row()["status"] == "Killed"
    wait_for(lambda: actions() == [("pm", "kill", "applied")])


def test_an_unanswered_enable_is_settled_by_the_next_report(
    followed: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    monkeypatch.setattr("riskcontrol.upkeep.SETTLED_AFTER", timedelta(seconds=0.5))
    assert operations.set_enabled(BTC, False, actor=OTTO).status == "applied"
    monkeypatch.setattr(operations, "ANSWER_S", 0.2)
    followed.freeze()
    with pytest.raises(Exception, match="may or may not"):
        operations.set_enabled(BTC, True, actor=OTTO)
    followed.thaw()
    wait_for(lambda: row()["enabled"] is True and synced())
    assert followed.states[NAME].enabled
    assert actions()[-1] == ("otto", "enable", "applied")


@pytest.mark.parametrize("happened", [True, False])
def test_an_unanswered_reset_is_settled_by_the_next_report(
    followed: FakeTrader, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    from datetime import timedelta

    monkeypatch.setattr("riskcontrol.asking.ANSWER_S", 0.2)
    monkeypatch.setattr("riskcontrol.upkeep.SETTLED_AFTER", timedelta(seconds=0.5))
    operations.kill(BTC, actor=OTTO)

    def lose(handler: Any) -> bool:
        if not handler.path.endswith("/reset-kill-switch"):
            return False
        if happened:
            followed.obey("reset-kill-switch", NAME, {})
        followed.stop()
        return True

    followed.answer = lose
    with pytest.raises(Exception, match="may or may not"):
        operations.reset_kill_switch(BTC, actor=OTTO)
    followed.answer = None
    assert actions()[-1] == ("otto", "reset", "pending")
    followed.start()
    wait_for(lambda: actions()[-1] == ("otto", "reset", "applied" if happened else "refused"))
    assert row()["is_killed"] is not happened


def test_a_strategy_that_left_the_file_keeps_its_row(followed: FakeTrader) -> None:
    followed.stop()
    followed.states = {OTHER: state(OTHER)}
    followed.start()
    wait_for(lambda: len(rows.rows()) == 2)
    wait_for(lambda: "not running at the trader" in row()["warnings"])
    assert "not running at the trader" not in rows.row(ETH)["warnings"]


def test_a_gap_in_the_stream_is_followed_by_a_snapshot(followed: FakeTrader) -> None:
    followed.report(NAME, tell=False, total_pnl=Decimal(77))
    followed.say({"type": "heartbeat"}, skip=3)
    wait_for(lambda: row()["total_pnl"] == 77)
    assert followed.resyncs == 1


def test_a_minimal_trader_is_polled_and_compared_by_value(links: Loop) -> None:
    with FakeTrader(state(revision=None), minimal=True) as fake:
        register(fake)
        links.start()
        wait_for(synced)
        assert (row()["name"], row()["leverage"], row()["revision"]) == (None, None, 0)
        outcome = operations.change_settings(BTC, FOUR, actor=OTTO)
        assert (outcome.status, outcome.row["sync"]) == ("applied", "applied")
        fake.report(NAME, stop_loss_dollars=9)
        wait_for(lambda: fake.states[NAME].limits.stop_loss_dollars == 4)
        fake.trip()
        wait_for(lambda: row()["status"] == "Killed")
        operations.reset_kill_switch(BTC, actor=OTTO)
        wait_for(lambda: row()["status"] == "Active")


@pytest.mark.parametrize(
    "content",
    [
        b"garbage",
        b'{"strategies": 3}',
        b"[" * 100_000,
        b'[{"strategy_id": "momentum"}]',
        b"[NaN]",
        b"\xff\xfe",
    ],
)
def test_a_bad_answer_changes_nothing_and_is_shown(links: Loop, content: bytes) -> None:
    with FakeTrader(state(revision=None), minimal=True) as fake:
        register(fake)
        links.start()
        wait_for(synced)

        def bad(handler: Any) -> bool:
            handler.raw(200, content)
            return True

        fake.answer = bad
        wait_for(lambda: source()["error"])
        assert row()["stop_loss_dollars"] == 5
        fake.answer = None
        wait_for(lambda: source()["error"] is None)


def minimal_row(symbol: str, **fields: Any) -> dict[str, Any]:
    row = state(StrategyKey("momentum", symbol)).to_json()
    return {name: row[name] for name in MINIMAL_FIELDS} | fields


def test_a_row_that_cannot_be_read_costs_no_other_row(links: Loop) -> None:
    listed = [minimal_row("BTC", total_pnl=1), minimal_row("ETH", total_pnl=1)]

    def answer(handler: Any) -> bool:
        if handler.path == "/api/strategies":
            handler.say(200, listed)
        return bool(handler.path == "/api/strategies")

    eth = RowKey("hyperliquid", "momentum", "ETH")
    with FakeTrader(state(revision=None), minimal=True) as fake:
        fake.answer = answer
        register(fake)
        links.start()
        wait_for(lambda: len(rows.rows()) == 2)
        listed[:] = [
            minimal_row("BTC", enabled="yes", total_pnl=2),
            minimal_row("ETH", total_pnl=3),
            {"a": 1},
        ]
        wait_for(lambda: rows.row(eth)["total_pnl"] == 3)
        said = "momentum/BTC: enabled is missing or not true or false: 'yes'"
        third = "row 3: strategy_id is missing or not well-formed: None"
        whole = f"2 rows of the trader cannot be read: {said}; {third}"
        assert (source()["status"], source()["error"]) == ("online", whole)
        held = row()
        assert held["total_pnl"] == 1
        assert f"what the trader reports of it cannot be read: {said}" in held["warnings"]
        assert "not running at the trader" not in held["warnings"]
        first = held["as_of"]
        heard = rows.row(eth)["as_of"]
        wait_for(lambda: rows.row(eth)["as_of"] > heard)
        assert row()["as_of"] == first
        shown = show(row(), "online")
        assert (shown.badge["word"], "silent" in shown.tones) == ("was Active", True)
        assert show(rows.row(eth), "online").badge["word"] == "Active"
        listed[:] = [minimal_row("BTC", total_pnl=4), minimal_row("ETH", total_pnl=3)]
        wait_for(lambda: row()["total_pnl"] == 4)
        wait_for(lambda: source()["error"] is None)
        assert not [text for text in row()["warnings"] if "cannot be read" in text]


def test_a_strategy_of_a_snapshot_that_cannot_be_read_costs_no_other(
    links: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeTrader(state(), state(OTHER)) as fake:
        whole = fake.snapshot()
        flat = {**whole, "strategies": [one | {"position": None} for one in whole["strategies"]]}
        monkeypatch.setattr(fake, "snapshot", lambda: flat)
        register(fake)
        links.start()
        wait_for(lambda: len(rows.rows()) == 2)
        assert book.summary()["total"]["open_pnl"] == 0
        bad = {**flat, "strategies": [flat["strategies"][0] | {"epoch": "one"}, flat["strategies"][1]]}
        monkeypatch.setattr(fake, "snapshot", lambda: bad)
        fake.say({"type": "heartbeat"}, skip=3)
        said = "1 row of the trader cannot be read: momentum/BTC: epoch is not a whole number: 'one'"
        wait_for(lambda: (source()["status"], source()["error"]) == ("online", said))
        assert rows.row(ETH)["warnings"] == []
        assert book.summary()["sources"][0]["open_pnl"] is None
        assert screen.totals(rows.rows(), rows.sources())["open_lacks"]


def test_a_wrong_token_is_said(fake: FakeTrader, links: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERLIQUID_TRADER_TOKEN", "another")
    register(fake)
    links.start()
    wait_for(lambda: source()["error"] == "The trader refuses PM's token.")
    assert source()["status"] == "offline"


def test_a_token_that_pm_does_not_have_is_named(fake: FakeTrader, links: Loop) -> None:
    register(fake, "my-bot")
    links.start()
    said = "The trader asks for a token, and PM has none: set MY_BOT_TRADER_TOKEN, then start PM again."
    wait_for(lambda: source()["error"] == said)
    assert source()["status"] == "offline"


def test_the_registry_is_followed(followed: FakeTrader) -> None:
    with FakeTrader(state(OTHER)) as second:
        register(second, "lighter")
        wait_for(lambda: rows.rows(source="lighter"))
        Trader.objects.filter(source="lighter").update(enabled=False)
        wait_for(lambda: not second.sockets)
        assert rows.source("lighter")["status"] == "offline"
        wait_for(online)


def test_account_and_closed_trades_are_kept(fake: FakeTrader, links: Loop) -> None:
    fake.trades = [
        Trade(
            "t1", "momentum", "BTC", 0, "long", Decimal("0.01"), Decimal(60000), Decimal(59900),
            "2026-11-22T07:00:00Z", "2026-11-22T07:10:00Z", Decimal("-1.5"), Decimal("0.5"), Decimal(0),
        )
    ]  # fmt: skip
    register(fake)
    links.start()
    wait_for(lambda: [one.pnl for one in ClosedTrade.objects.all()] == [Decimal("-1.5")])
    wait_for(lambda: Trader.objects.get().equity_points.exists())
    total = book.summary()["total"]
    assert (total["equity"], total["margin_used"]) == (Decimal("10012.5"), Decimal("40.1"))
    fake.account = replace(fake.account, equity=None)
    fake.say({"type": "account", "account": Account(network="testnet").to_json()})
    wait_for(lambda: source()["network"] == "testnet")
    assert book.summary()["total"]["unknown"] == ["hyperliquid"]


def test_a_value_no_setting_may_have_is_replaced_when_adopted(links: Loop) -> None:
    with FakeTrader(state(max_strategy_loss=0)) as fake:
        register(fake)
        links.start()
        wait_for(lambda: fake.states[NAME].limits.max_strategy_loss == 50)
        wait_for(synced)
        assert RiskSettings.objects.get().max_strategy_loss == 50


def test_nothing_is_left_waiting(followed: FakeTrader) -> None:
    operations.change_settings(BTC, FOUR, actor=OTTO)
    assert not Delivery.objects.filter(state="pending").exists()
