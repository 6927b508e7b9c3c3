"""The header's totals: what they lack is marked, and said in words."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from portfolio import book
from riskcontrol import rows, screen
from tests.pages.conftest import Page
from tests.pm.conftest import adopted, register
from tests.pm.fake_trader import BTC, FakeTrader, state
from venues.contract.states import Account, Position

TRADE = Position(
    "long", Decimal("0.012"), Decimal("64210.5"), mark_price=Decimal(64198), unrealized_pnl=Decimal("-0.15")
)


@pytest.fixture
def trading(known: FakeTrader) -> FakeTrader:
    """A trader with an account and an open trade."""
    adopted(replace(known.states[BTC], position=TRADE))
    book.record_account(
        "hyperliquid", Account(equity=Decimal(10000), margin_used=Decimal(40), network="paper")
    )
    return known


def totals() -> dict[str, Any]:
    return screen.totals(rows.rows(), rows.sources())


def lacking() -> tuple[bool, bool, str]:
    given = totals()
    return given["equity_lacks"], given["open_lacks"], given["lacks"]


def test_totals_of_all_traders_say_nothing_more(trading: FakeTrader, plain_page: Page) -> None:
    assert (totals()["open"], lacking()) == ("−0.15", (False, False, ""))
    assert 'class="lacks"' not in plain_page.get().text


def test_a_trader_without_account_or_positions_is_named(trading: FakeTrader, plain_page: Page) -> None:
    register(None, "grid-bot")
    adopted(state(revision=None), source="grid-bot")
    assert (totals()["open"], lacking()) == ("−0.15", (True, True, "without grid-bot"))
    page = plain_page.get().text
    header = page[page.index('id="totals"') :]
    assert re.search(r"Equity</dt><dd><span[^>]*>10\u202f000\.00</span> \*</dd>", header)
    assert "<dt>*</dt><dd>without grid-bot</dd>" in header
    given = {one["source"]: one["open_pnl"] for one in book.summary()["sources"]}
    assert given == {"grid-bot": None, "hyperliquid": Decimal("-0.15")}
    assert book.summary()["total"]["unknown"] == ["grid-bot"]


def test_a_trader_whose_equity_alone_is_unknown_lacks_in_equity_alone(trading: FakeTrader) -> None:
    book.record_account("hyperliquid", Account(margin_used=Decimal(40), network="paper"))
    assert (totals()["equity"], lacking()) == ("–", (True, False, "equity without hyperliquid"))


def test_one_trade_of_unknown_worth_makes_the_sum_unknown(trading: FakeTrader) -> None:
    adopted(replace(trading.states[BTC], position=replace(TRADE, unrealized_pnl=None)))
    assert lacking() == (False, True, "open PnL without hyperliquid")
    assert book.summary()["total"]["open_pnl"] is None
    assert book.summary()["total"]["unknown"] == ["hyperliquid"]


def test_the_numbers_of_a_silent_trader_say_of_when_they_are(trading: FakeTrader) -> None:
    link = book.link("hyperliquid")
    assert link.heard is not None
    assert link.heard_at is not None
    link.heard -= 6
    equity, open_pnl, said = lacking()
    assert equity
    assert open_pnl
    assert said == f"hyperliquid as of {link.heard_at.day} {link.heard_at:%b %H:%M:%S} UTC"
    assert foot_lacking() == (True, True, said)
    assert foot_lacking(source="grid-bot") == (False, False, "")


def foot_lacking(**only: str) -> tuple[bool, bool, str]:
    found = screen.foot(rows.rows(**only), 9, rows.sources())
    return found["pnl_lacks"], found["open_lacks"], found["lacks"]


def test_the_footer_s_sums_say_what_they_lack(trading: FakeTrader, plain_page: Page) -> None:
    assert foot_lacking() == (False, False, "")
    assert re.search(r'id="foot-lacks" hidden>', plain_page.get().text)
    register(None, "grid-bot")
    adopted(state(revision=None, total_pnl=None), source="grid-bot")
    pnl, worth, said = foot_lacking()
    assert (pnl, worth) == (True, True)
    assert said.startswith("PnL without grid-bot, positions without grid-bot")
    assert f'id="foot-lacks"><td role="cell" class="from-name">* <span data-sum="lacks">{said}<' in (
        plain_page.get().text
    )
    assert foot_lacking(source="hyperliquid") == (False, False, "")
    adopted(replace(trading.states[BTC], position=replace(TRADE, mark_price=None)))
    assert foot_lacking(source="hyperliquid") == (False, True, "positions without hyperliquid")
