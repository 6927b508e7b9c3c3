"""What an audit record says: before and after of each action, in this order, whoever wrote it."""

from decimal import Decimal
from typing import Any

import pytest

from riskcontrol import operations
from riskcontrol.models import Change
from riskcontrol.operations import BulkItem
from tests.pm.conftest import BTC, OTTO, adopted
from tests.pm.fake_trader import BTC as NAME
from tests.pm.fake_trader import FakeTrader
from venues.contract.states import Position

OFF, ON = {"enabled": False}, {"enabled": True}


def said(action: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give (before, after) of the last record of an action."""
    found = Change.objects.filter(action=action).latest("id")
    return found.before, found.after


def test_of_a_switch(known: FakeTrader) -> None:
    operations.set_enabled(BTC, False, actor=OTTO)
    assert said("disable") == (ON, OFF)
    operations.set_enabled(BTC, True, actor=OTTO)
    assert said("enable") == (OFF, ON)


def test_of_settings_and_switch_in_bulk(known: FakeTrader) -> None:
    changes = {"stop_loss_dollars": Decimal(4), "max_strategy_loss": Decimal(50)}
    operations.bulk_update([BulkItem(BTC, changes, False)], actor=OTTO)
    assert said("change") == ({"stop_loss_dollars": 5}, {"stop_loss_dollars": 4})
    assert said("disable") == (ON, OFF)


def test_of_a_kill_and_its_reset(known: FakeTrader) -> None:
    operations.kill(BTC, actor=OTTO, flatten=False)
    before = {"is_killed": False, "epoch": 0, "total_pnl": Decimal("-12.34")}
    assert said("kill") == (before, {"is_killed": True, "flatten": False})
    operations.reset_kill_switch(BTC, actor=OTTO, force=True)
    after = {"is_killed": False, "epoch": 1, "force": True}
    assert said("reset") == ({"is_killed": True, "epoch": 0}, after)


def test_of_a_close(known: FakeTrader) -> None:
    known.report(NAME, position=Position("long", Decimal("0.012"), Decimal(64210)), tell=False)
    adopted(*known.states.values())
    operations.close(BTC, actor=OTTO)
    before, after = said("close")
    assert (before["position"]["side"], before["position"]["size"]) == ("long", Decimal("0.012"))
    assert after == {"position": None}


@pytest.mark.parametrize("enabled", [True, False])
def test_of_a_repair(known: FakeTrader, enabled: bool) -> None:
    from riskcontrol import upkeep

    known.report(NAME, stop_loss_dollars=9, enabled=enabled, tell=False)
    adopted(*known.states.values())
    assert upkeep.settle("hyperliquid", upkeep.unsettled("hyperliquid")) == 1
    found = [(one.before, one.after) for one in Change.objects.filter(action="drift").order_by("id")]
    limits = ({"stop_loss_dollars": 5}, {"stop_loss_dollars": 5})
    assert found == ([limits] if enabled else [limits, (ON, OFF)])
