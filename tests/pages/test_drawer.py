"""The drawer: what it offers, and why a button would do nothing."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from portfolio import book
from tests.pages.conftest import Page
from tests.pm.conftest import adopted
from tests.pm.fake_trader import BTC, FakeTrader
from venues.contract.states import Kill, Position, StrategyState

LONG = Position(side="long", size=Decimal("0.012"), entry_price=Decimal(64000))
FLAT, CLOSING, HELD = (
    Kill(0, "2026-11-22T08:00:00Z", "loss", state=state)
    for state in ("flat_confirmed", "gate_closed", "held")
)
ACTING = "Kill acts at once"
ENDING = "Close ends the open trade"


def offered(page: Page) -> tuple[set[str], str]:
    """The buttons that can be pressed, and the sentence under them."""
    html = page.get(f"/rows/{page.row['_id']}/drawer").text
    actions = html[html.index('-actions"') :]
    buttons = re.findall(r'<button [^>]*data-action="(\w+)"[^>]*>', actions)
    off = re.findall(r'<button [^>]*data-action="(\w+)"[^>]* disabled>', actions)
    return set(buttons) - set(off), actions.partition('class="dim">')[2].partition("</p>")[0]


@pytest.mark.parametrize(
    ("kill", "position", "buttons", "said"),
    [
        (None, LONG, {"kill", "close"}, (ACTING, ENDING)),
        (None, None, {"kill"}, (ACTING, "It is flat: there is no trade to close.")),
        (FLAT, None, set(), ("It is killed: nothing trades until a reset.", "It is flat")),
        (CLOSING, LONG, set(), ("It is killed", "The kill closes its position.")),
        (HELD, LONG, {"close"}, ("It is killed", "Close ends the trade that is held.")),
    ],
)
def test_only_what_would_do_something_can_be_pressed(
    operator_page: Page,
    known: FakeTrader,
    kill: Kill | None,
    position: Position | None,
    buttons: set[str],
    said: tuple[str, str],
) -> None:
    reported(known.states[BTC], is_killed=kill is not None, kill=kill, position=position)
    found, sentence = offered(operator_page)
    assert found == buttons
    assert all(part in sentence for part in said)
    assert ('data-action="reset"' in operator_page.get().text) == (kill is FLAT)


def test_a_kill_on_its_way_is_not_offered_again(operator_page: Page, known: FakeTrader) -> None:
    known.stop()
    operator_page.post("kill")
    found, sentence = offered(operator_page)
    assert "kill" not in found
    assert "sent again until the trader acknowledges it" in sentence


def test_a_flat_row_of_a_silent_or_sparing_trader_may_hold_a_trade(
    operator_page: Page, known: FakeTrader
) -> None:
    reported(known.states[BTC])
    assert offered(operator_page)[0] == {"kill"}
    reported(known.states[BTC], revision=None)
    assert offered(operator_page)[0] == {"kill", "close"}
    reported(known.states[BTC])
    book.failed("hyperliquid", "It refuses the connection.", refused=True)
    assert offered(operator_page)[0] == {"kill", "close"}


def reported(state: StrategyState, **fields: object) -> None:
    adopted(replace(state, **fields))  # type: ignore[arg-type]  # by the names of its fields
