"""A row is made again whenever anything changes that it is made of."""

from decimal import Decimal

import pytest

from portfolio import book
from riskcontrol import operations, rows
from tests.pm.conftest import BTC, OTTO, adopted, register
from tests.pm.fake_trader import state
from venues.contract.listing import Unread
from venues.contract.names import RowKey, StrategyKey
from venues.contract.states import Account

pytestmark = pytest.mark.django_db

SOURCE = "hyperliquid"


def test_of_another_reason_why_it_cannot_be_read() -> None:
    register(None)
    adopted()
    for said in ("momentum/BTC: enabled is missing", "momentum/BTC: epoch is not a whole number"):
        book.record(SOURCE, [], complete=True, unread=[Unread(StrategyKey("momentum", "BTC"), said)])
        assert rows.row(BTC)["warnings"] == [f"what the trader reports of it cannot be read: {said}"]


def test_of_the_accounts_equity() -> None:
    register(None)
    adopted()
    book.record_account(SOURCE, Account(equity=Decimal(10000)))
    assert rows.row(BTC)["warnings"] == []
    book.record_account(SOURCE, Account(equity=Decimal(1_000_000)))
    assert "at an equity of 1000000.00 no trade can open" in rows.row(BTC)["warnings"][0]


def test_the_changes_of_a_row_are_those_of_its_own_symbol_alone() -> None:
    register(None)
    eth = StrategyKey("momentum", "ETH")
    adopted(state(), state(eth))
    operations.change_settings(BTC, {"stop_loss_dollars": Decimal(4)}, actor=OTTO)
    assert rows.changes(BTC, action="change").count() == 1
    assert rows.changes(RowKey(SOURCE, *eth), action="change").count() == 0
