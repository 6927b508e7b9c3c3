"""Links against a trader on loopback: hear, adopt, notice silence, deliver, repair."""

from decimal import Decimal

from riskcontrol import rows
from tests.pm.conftest import BTC, Loop, register, wait_for
from tests.pm.fake_trader import FakeTrader


def status() -> str:
    return str(rows.sources()[0]["status"])


def synced(word: str = "applied") -> bool:
    found = rows.rows()
    return bool(found) and all(row["sync"] == word for row in found)


def test_a_trader_is_heard_and_its_strategies_adopted(fake: FakeTrader, links: Loop) -> None:
    register(fake)
    links.start()
    wait_for(synced)
    row = rows.row(BTC)
    assert status() == "online"
    assert row["stop_loss_dollars"] == Decimal(5)
    assert row["total_pnl"] == Decimal("-12.34")
    assert [one.action for one in rows.changes(BTC)] == ["adopt"]
