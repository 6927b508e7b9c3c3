"""When readers and traders are told of a write: after its commit, never before, by every kind of write."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from portfolio import book
from portfolio.models import Trader
from riskcontrol import operations
from riskcontrol.models import Change, Delivery
from riskcontrol.operations import BulkItem
from tests.pm.conftest import BTC, OTTO
from tests.pm.fake_trader import FakeTrader

FOUR = {"stop_loss_dollars": Decimal(4)}
WRITES: dict[str, Callable[[], Any]] = {
    "change": lambda: operations.change_settings(BTC, FOUR, actor=OTTO),
    "disable": lambda: operations.set_enabled(BTC, False, actor=OTTO),
    "kill": lambda: operations.kill(BTC, actor=OTTO),
    "bulk": lambda: operations.bulk_update([BulkItem(BTC, FOUR, False)], actor=OTTO),
}


@pytest.fixture(params=WRITES)
def write(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """Each write that a trader need not answer."""
    return WRITES[request.param]


def test_readers_are_told_once_it_is_committed(
    away: Trader, monkeypatch: pytest.MonkeyPatch, write: Callable[[], Any]
) -> None:
    told: list[tuple[str, bool]] = []
    monkeypatch.setattr(book.hub, "publish", lambda key: told.append((key, connection.in_atomic_block)))
    write()
    number = Delivery.objects.values_list("strategy", flat=True)[0]
    assert (f"row:{number}", False) in told
    assert (f"row:{number}", True) not in told


def test_i02_traders_are_told_once_it_is_committed(known: FakeTrader, write: Callable[[], Any]) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        write()
        raise RuntimeError
    assert known.commands == []
    assert not Change.objects.exclude(action="adopt").exists()
    with transaction.atomic():
        write()
        assert known.commands == []
    assert known.commands
