"""Many rows at once: one transaction, then each trader, one answer per row."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from riskcontrol import operations, rows
from riskcontrol.models import Change
from riskcontrol.operations import BulkItem
from tests.pm.conftest import BTC, ETH, OTTO, adopted, register
from tests.pm.fake_trader import BTC as NAME
from tests.pm.fake_trader import ETH as OTHER
from tests.pm.fake_trader import FakeTrader, state
from venues.contract.errors import NotFound
from venues.contract.names import RowKey

LIGHTER = RowKey("lighter", "momentum", "BTC")
FOUR = {"stop_loss_dollars": Decimal(4)}


@pytest.fixture
def two(transactional_db: None) -> Iterator[FakeTrader]:
    """A trader with two strategies that runs, and another trader that does not."""
    with FakeTrader(state(), state(OTHER)) as fake:
        register(fake)
        adopted(*fake.states.values())
        register(None, "lighter")
        adopted(source="lighter")
        yield fake


def bulk(*items: BulkItem) -> list[str]:
    return [one.status for one in operations.bulk_update(items, actor=OTTO, reason="calmer")]


def test_every_row_gets_its_own_answer_in_the_order_asked(two: FakeTrader) -> None:
    found = operations.bulk_update(
        [
            BulkItem(LIGHTER, FOUR),
            BulkItem(BTC, FOUR, expected=0),
            BulkItem(ETH, {"stop_loss_dollars": Decimal(5)}),
        ],
        actor=OTTO,
    )
    assert [one.status for one in found] == ["pending", "applied", "unchanged"]
    assert [rows.key_of(one.row) for one in found] == [LIGHTER, BTC, ETH]
    assert found[1].row["sync"] == "applied"


def test_a_stale_row_conflicts_alone(two: FakeTrader) -> None:
    assert bulk(BulkItem(BTC, FOUR, expected=5), BulkItem(ETH, FOUR, expected=0)) == ["conflict", "applied"]


def test_a_refused_row_is_rejected_alone(two: FakeTrader) -> None:
    high = {"risk_per_trade": Decimal(50)}
    found = operations.bulk_update([BulkItem(BTC, high), BulkItem(ETH, FOUR)], actor=OTTO)
    assert [one.status for one in found] == ["rejected", "applied"]
    assert found[0].error is not None
    assert found[0].error.detail == "Risk/Trade (%) must be at most 5 at this trader."
    assert found[0].error.fields == {"risk_per_trade": ["Must be at most 5 at this trader."]}
    assert two.states[OTHER].limits.stop_loss_dollars == 4


def test_settings_of_one_trader_go_out_in_one_call(two: FakeTrader) -> None:
    calls: list[str] = []

    def count(handler: Any) -> bool:
        calls.append(handler.path)
        return False

    two.answer = count
    assert bulk(BulkItem(BTC, FOUR), BulkItem(ETH, FOUR)) == ["applied", "applied"]
    assert calls == ["/api/strategies/settings"]


def test_enable_and_disable_take_part(two: FakeTrader) -> None:
    assert bulk(BulkItem(BTC, FOUR, False), BulkItem(ETH, {}, False)) == ["applied", "applied"]
    assert not two.states[NAME].enabled
    assert rows.row(BTC)["revision"] == 2
    found = bulk(BulkItem(BTC, {}, True), BulkItem(ETH, {}, True), BulkItem(LIGHTER, {}, True))
    assert found == ["applied", "applied", "refused"]
    assert bulk(BulkItem(BTC, {}, True)) == ["unchanged"]


def test_enable_of_a_killed_or_unreachable_strategy_is_refused(two: FakeTrader) -> None:
    operations.kill(BTC, actor=OTTO)
    assert bulk(BulkItem(LIGHTER, {}, False)) == ["pending"]
    assert bulk(BulkItem(BTC, {}, True), BulkItem(LIGHTER, {}, True)) == ["refused", "refused"]


def test_an_unknown_strategy_stops_everything_before_it_begins(two: FakeTrader) -> None:
    with pytest.raises(NotFound):
        bulk(BulkItem(BTC, FOUR), BulkItem(RowKey("hyperliquid", "nobody", "BTC"), FOUR))
    assert not Change.objects.exclude(action="adopt").exists()
    assert two.commands == []
