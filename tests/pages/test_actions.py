"""What the page's buttons do: the row as answer, with and without scripts, by role."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from portfolio import book
from riskcontrol import operations, rows
from riskcontrol.models import Change
from tests.pages.conftest import Page
from tests.pm.conftest import BTC as ROW
from tests.pm.conftest import OTTO, adopted
from tests.pm.fake_trader import BTC, FakeTrader, Handler
from venues.contract.errors import Conflict
from venues.contract.states import Account

ACTIONS = ("save", "enable", "disable", "reset", "kill", "close")


def test_a_tighter_limit_is_saved_without_a_question(operator_page: Page, known: FakeTrader) -> None:
    answer = operator_page.post("save", stop_loss_dollars="4", **operator_page.seen())
    assert answer.status_code == 200
    assert answer["HX-Retarget"] == f"#body-{operator_page.row['_id']}"
    assert "Applied: Momentum BTC on hyperliquid, Stop Loss ($) 5.00 to 4.00" in answer["HX-Trigger"]
    assert 'data-revision="1"' in answer.text
    assert known.states[BTC].limits.stop_loss_dollars == 4
    change = Change.objects.get(action="change")
    assert (change.actor, change.via, change.ip) == ("otto", "page", "127.0.0.1")


def test_a_looser_limit_asks_and_a_yes_to_one_thing_is_none_to_another(
    operator_page: Page, known: FakeTrader
) -> None:
    seen = operator_page.seen()
    asked = operator_page.post("save", stop_loss_dollars="9", **seen)
    assert asked["HX-Retarget"] == "#ask"
    assert "Loosen to 9.00" in asked.text
    both = {"stop_loss_dollars": "9", "max_strategy_loss": "12", **seen}
    assert "kills now" in operator_page.post("save", confirmed="loosen", **both).text
    assert known.states[BTC].limits.stop_loss_dollars == 5
    answer = operator_page.post("save", stop_loss_dollars="9", confirmed="loosen", reason="wider", **seen)
    assert answer.status_code == 200
    assert known.states[BTC].limits.stop_loss_dollars == 9
    assert Change.objects.get(action="change").reason == "wider"


def test_a_bad_number_is_422_with_a_sentence_beside_the_field(operator_page: Page, known: FakeTrader) -> None:
    answer = operator_page.post(
        "save", stop_loss_dollars="-5", max_strategy_loss="40", **operator_page.seen()
    )
    assert answer.status_code == 422
    assert "Must be above 0." in answer.text.split('data-error="stop_loss_dollars"')[1].split("</td>")[0]
    assert 'value="-5"' in answer.text
    assert 'value="40.00"' in answer.text
    assert known.commands == []


def test_a_stale_row_is_409_with_theirs_and_mine_and_mine_can_be_kept(
    operator_page: Page, known: FakeTrader
) -> None:
    seen = operator_page.seen()
    operations.change_settings(ROW, {"max_strategy_loss": Decimal(45)}, actor=OTTO)
    answer = operator_page.post("save", max_strategy_loss="40", **seen)
    assert answer.status_code == 409
    assert "Changed by otto" in answer.text
    assert "theirs <b>45.00</b>" in answer.text
    assert "mine <b>40.00</b>" in answer.text
    assert 'data-revision="0"' in answer.text
    assert operator_page.post("save", max_strategy_loss="40", **seen).status_code == 409
    assert known.states[BTC].limits.max_strategy_loss == 45
    kept = operator_page.post("save", max_strategy_loss="40", keep="1", **seen)
    assert kept.status_code == 200
    assert known.states[BTC].limits.max_strategy_loss == 40


def test_a_revision_that_moved_without_changing_what_was_seen_is_no_conflict(
    operator_page: Page, known: FakeTrader
) -> None:
    seen = operator_page.seen()
    operations.change_settings(ROW, {"max_strategy_loss": Decimal(45)}, actor=OTTO)
    operations.change_settings(ROW, {"max_strategy_loss": Decimal(50)}, actor=OTTO)
    assert operator_page.post("save", stop_loss_dollars="4", **seen).status_code == 200


def test_what_the_trader_rejects_is_409_and_said_in_the_row(operator_page: Page, known: FakeTrader) -> None:
    seen = operator_page.seen()
    answer = operator_page.post("save", risk_per_trade="6", confirmed="loosen", **seen)
    assert answer.status_code == 409
    assert "Rejected by hyperliquid" in answer.text
    assert "still enforced: 1.00" in answer.text
    said = "Must be at most 5 at this trader."
    beside = answer.text.split('data-error="risk_per_trade"')[1].split("</span>")[0]
    assert beside.endswith(said)
    assert f'aria-describedby="row-{operator_page.row["_id"]}-risk-error"' in answer.text
    assert f"hyperliquid: {said.replace('Must', 'Risk/Trade (%) must')}" in answer["HX-Trigger"]


@pytest.mark.parametrize("htmx", [True, False])
def test_a_rejected_row_goes_back_to_what_is_enforced(
    page_of: Callable[..., Page], operator: User, known: FakeTrader, htmx: bool
) -> None:
    page = page_of(operator, htmx)
    page.post("save", risk_per_trade="6", stop_loss_dollars="4", confirmed="loosen", **page.seen())
    assert page.row["sync"] == "rejected"
    button = page.client.get("/", headers={"HX-Request": ""}).text.split('-back" form="act"')[1]
    assert "Go back to what is enforced" in button.split("</button>")[0]
    assert f'formaction="/rows/{page.row["_id"]}/save" name="back" value="1"' in button.split(">")[0]
    answer = page.post("save", back="1")
    assert answer.status_code == (200 if htmx else 302)
    row = page.row
    assert (row["risk_per_trade"], row["stop_loss_dollars"]) == (1, 5)
    assert (row["sync"], row["enforced"], row["revision"]) == ("applied", None, 2)
    assert known.told("settings")[-1] == {"risk_per_trade": 1, "stop_loss_dollars": 5, "revision": 2}
    change = Change.objects.filter(action="change").latest("id")
    assert (change.actor, change.via, change.outcome) == ("otto", "page", "applied")
    assert (change.before["risk_per_trade"], change.after["risk_per_trade"]) == (6, 1)


def test_one_value_is_named_by_the_way_back_and_what_is_typed_beside_it_stays(
    operator_page: Page, known: FakeTrader
) -> None:
    rejected = operator_page.post("save", risk_per_trade="6", confirmed="loosen", **operator_page.seen())
    assert ">Go back to 1.00</button>" in rejected.text
    typed = {"risk_per_trade": "6.00", "stop_loss_dollars": "4", "max_strategy_loss": "50.00"}
    answer = operator_page.post("save", back="1", **typed, **operator_page.seen())
    assert answer.status_code == 200
    assert "Risk/Trade (%) 6.00 to 1.00" in answer["HX-Trigger"]
    assert "conflict" not in answer.text
    fields = [part.split('"')[0] for part in answer.text.split(' value="')[1:4]]
    assert fields == ["1.00", "4.00", "50.00"]
    assert known.states[BTC].limits.stop_loss_dollars == 5


def test_the_way_back_of_a_row_that_has_moved_on_is_409_and_changes_nothing(
    operator_page: Page, known: FakeTrader
) -> None:
    operator_page.post("save", risk_per_trade="6", confirmed="loosen", **operator_page.seen())
    operations.change_settings(ROW, {"risk_per_trade": Decimal(2)}, actor=OTTO)
    answer = operator_page.post("save", back="1", **operator_page.seen())
    assert answer.status_code == 409
    assert "Somebody was first" in answer.text.split('data-error="row"')[1]
    assert known.states[BTC].limits.risk_per_trade == 2


def test_who_may_not_change_a_row_is_offered_no_way_back(viewer_page: Page, known: FakeTrader) -> None:
    with suppress(Conflict):
        operations.change_settings(ROW, {"risk_per_trade": Decimal(6)}, actor=OTTO)
    answer = viewer_page.get().text
    assert "still enforced: 1.00" in answer
    assert "Go back" not in answer
    assert viewer_page.post("save", back="1").status_code == 403


def test_why_the_trader_refuses_to_enable_is_said_in_the_row(operator_page: Page, known: FakeTrader) -> None:
    operator_page.post("disable", **operator_page.seen())

    def refuse(handler: Handler) -> bool:
        said = "The strategy is no longer in the strategies file."
        handler.say(409, {"detail": said, "code": "rejected", "fields": {}})
        return True

    known.answer = refuse
    answer = operator_page.post("enable", **operator_page.seen())
    assert answer.status_code == 409
    assert "no longer in the strategies file" in answer.text.split('data-error="row"')[1].split("</td>")[0]


def test_what_follows_from_a_rejected_value_is_not_said_of_the_row(
    operator_page: Page, known: FakeTrader
) -> None:
    book.record_account("hyperliquid", Account(equity=Decimal(10000)))
    answer = operator_page.post("save", risk_per_trade="6", confirmed="loosen", **operator_page.seen())
    assert "still enforced: 1.00" in answer.text
    assert "no trade can open" not in answer.text.lower()


def test_an_absent_trader_makes_it_pending(operator_page: Page, known: FakeTrader) -> None:
    known.stop()
    answer = operator_page.post("save", stop_loss_dollars="4", **operator_page.seen())
    assert answer.status_code == 202
    assert "Pending: hyperliquid has not acknowledged it yet" in answer.text
    assert "enforced meanwhile: 5.00" in answer.text
    refused = operator_page.post("reset", confirmed="reset", epoch="0")
    assert refused.status_code in {409, 503}
    assert 'data-error="row"' in refused.text


def test_nothing_is_called_done_before_the_trader_has_acknowledged_it(
    operator_page: Page, known: FakeTrader
) -> None:
    assert "toast" in operator_page.post("kill")["HX-Trigger"]
    operator_page.post("reset", confirmed="reset", epoch="0")
    known.stop()
    waiting = operator_page.post("kill")
    assert waiting.status_code == 202
    assert "toast" not in waiting["HX-Trigger"]
    assert "hyperliquid has not acknowledged it yet" in waiting["HX-Trigger"]
    assert "not acknowledged by hyperliquid" in waiting.text


def test_reset_names_the_kill_and_clears_no_newer_one(operator_page: Page, known: FakeTrader) -> None:
    operator_page.post("kill")
    assert known.states[BTC].is_killed
    asked = operator_page.post("reset", epoch="0")
    assert "Reset the kill switch of Momentum BTC on hyperliquid?" in asked.text
    for words in ("operator", "−12.34", "epoch 1 begins", 'name="epoch" value="0"'):
        assert words in asked.text
    assert known.states[BTC].is_killed
    assert operator_page.post("reset", confirmed="reset", epoch="0").status_code == 200
    operator_page.post("kill")
    operator_page.post("reset", confirmed="reset", epoch="0")
    assert known.states[BTC].is_killed


@pytest.mark.parametrize(
    ("wanted", "held", "halted", "said", "button"),
    [
        (True, True, None, "starts again at once: the strategy is still enabled.", "Reset and trade again"),
        (False, False, None, "It stays disabled: nothing trades before it is enabled.", "Reset"),
        (False, True, None, "again at once: Disabled has not reached the trader", "Reset and trade again"),
        (True, True, "day loss", "It opens no trade while hyperliquid is halted: day loss", "Reset"),
    ],
)  # fmt: skip
def test_reset_says_what_follows(
    operator_page: Page,
    known: FakeTrader,
    wanted: bool,
    held: bool,
    halted: str | None,
    said: str,
    button: str,
) -> None:
    if not wanted:
        if held:
            known.stop()
        operator_page.post("disable")
    book.record_account("hyperliquid", Account(halted=halted))
    adopted(replace(known.states[BTC], is_killed=True, enabled=held))
    asked = operator_page.post("reset").text
    assert said in asked
    assert f"</svg>{button}</button>" in asked


def test_enable_after_a_kill_asks_and_disable_never_does(operator_page: Page, known: FakeTrader) -> None:
    seen = operator_page.seen()
    assert operator_page.post("disable", **seen).status_code == 200
    assert not known.states[BTC].enabled
    assert operator_page.post("enable", **operator_page.seen()).status_code == 200
    operator_page.post("disable", **operator_page.seen())
    operator_page.post("kill")
    operator_page.post("reset", confirmed="reset", epoch="0")
    asked = operator_page.post("enable", **operator_page.seen())
    assert "after its kill?" in asked.text
    assert not known.states[BTC].enabled
    operator_page.post("enable", confirmed="enable", **operator_page.seen())
    assert known.states[BTC].enabled


def test_a_killed_strategy_is_not_enabled(operator_page: Page, known: FakeTrader) -> None:
    operator_page.post("disable", **operator_page.seen())
    operator_page.post("kill")
    answer = operator_page.post("enable", confirmed="enable", **operator_page.seen())
    assert answer.status_code == 409
    assert "reset its kill switch first" in answer.text


def test_a_switch_keeps_what_is_typed_beside_it(operator_page: Page, known: FakeTrader) -> None:
    answer = operator_page.post("disable", stop_loss_dollars="4", **operator_page.seen())
    assert 'value="4.00"' in answer.text
    assert known.states[BTC].limits.stop_loss_dollars == 5


def test_a_switch_pressed_while_a_save_is_under_way_is_no_conflict_with_oneself(
    operator_page: Page, known: FakeTrader
) -> None:
    shown = {
        **operator_page.seen(),
        "risk_per_trade": "1",
        "stop_loss_dollars": "4",
        "max_strategy_loss": "50",
    }
    assert operator_page.post("save", **shown).status_code == 200
    answer = operator_page.post("disable", **shown)
    assert "Changed by" not in answer.text
    assert 'data-revision="2"' in answer.text
    operations.change_settings(ROW, {"max_strategy_loss": Decimal(45)}, actor=OTTO)
    assert "theirs <b>45.00</b>" in operator_page.post("disable", **shown).text


def test_without_scripts_forms_lead_back_or_answer_with_the_page(plain_page: Page, known: FakeTrader) -> None:
    number = plain_page.row["_id"]
    saved = plain_page.post("save", stop_loss_dollars="4", **plain_page.seen())
    assert (saved.status_code, saved["Location"]) == (302, f"/#row-{number}")
    assert "Applied: Momentum BTC on hyperliquid" in plain_page.get().text
    wrong = plain_page.post("save", stop_loss_dollars="x", **plain_page.seen())
    assert wrong.status_code == 422
    assert "<!DOCTYPE html>" in wrong.text
    assert "Must be a plain number" in wrong.text
    asked = plain_page.post("save", stop_loss_dollars="9", **plain_page.seen())
    assert "<dialog" in asked.text
    assert "Loosen to 9.00" in asked.text
    drawer = plain_page.get(f"/rows/{number}/drawer")
    assert "<!DOCTYPE html>" in drawer.text
    assert f'form="act" formaction="/rows/{number}/kill"' in drawer.text


@pytest.mark.parametrize("action", ACTIONS)
def test_a_viewer_changes_nothing_and_the_attempt_is_recorded(
    viewer_page: Page, known: FakeTrader, action: str
) -> None:
    assert viewer_page.post(action, stop_loss_dollars="4", confirmed="loosen reset").status_code == 403
    assert known.commands == []
    assert Change.objects.get(action="refused").actor == "vera"


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_gets_past_the_login(page_of: Callable[..., Page], known: FakeTrader, action: str) -> None:
    assert "/login" in page_of(None, htmx=False).post(action)["Location"]
    assert page_of(None).post(action)["HX-Redirect"] == "/login?next=/"
    assert known.commands == []


@pytest.mark.parametrize("action", ACTIONS)
def test_a_form_without_its_token_is_refused(known: FakeTrader, operator: User, action: str) -> None:
    page = Page(operator, htmx=True)
    page.client.handler.enforce_csrf_checks = True
    assert page.post(action).status_code == 403
    assert known.commands == []


@pytest.mark.parametrize("action", ACTIONS)
def test_only_the_right_method_acts(operator_page: Page, known: FakeTrader, action: str) -> None:
    assert operator_page.get(f"/rows/{operator_page.row['_id']}/{action}").status_code == 405
    assert operator_page.get("/rows/999999").status_code == 404
    assert known.commands == []
    assert rows.rows()[0]["is_killed"] is False
