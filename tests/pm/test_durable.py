"""An accepted change survives PM's death: between its commit and its delivery, and afterwards."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.pm.conftest import wait_for
from tests.pm.fake_trader import BTC, FakeTrader

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import os, sys
import django
django.setup()
from decimal import Decimal
from django.core.management import call_command
from portfolio.actor import Actor
from portfolio.models import Trader
from riskcontrol import operations, upkeep
from tests.pm.fake_trader import state
from venues.contract.names import RowKey
call_command("migrate", verbosity=0)
Trader.objects.create(source="hyperliquid", url=sys.argv[1])
upkeep.adopt("hyperliquid", [state()])
key, otto = RowKey("hyperliquid", "momentum", "BTC"), Actor("otto", "api")
for dollars in (4, 3):
    outcome = operations.change_settings(key, {"stop_loss_dollars": Decimal(dollars)}, actor=otto)
    print(outcome.status, flush=True)
print(operations.kill(key, actor=otto).status, flush=True)
os.kill(os.getpid(), 9)
"""

LINKS = """
import asyncio
import django
django.setup()
from riskcontrol.links import run_links
asyncio.run(run_links())
"""


def start(script: str, directory: Path, *words: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "portfolio.settings",
        "VAR_DIR": str(directory),
        "HYPERLIQUID_TRADER_TOKEN": "a-token",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-c", script, *words],
        env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def test_i02_what_was_accepted_is_delivered_by_the_next_pm_after_kill_9(tmp_path: Path) -> None:
    with FakeTrader() as fake:
        fake.stop()  # its port is kept: nobody answers there
        first = start(SCRIPT, tmp_path, fake.url)
        said, _ = first.communicate(timeout=20)
        assert first.returncode == -signal.SIGKILL
        assert said.split() == ["pending"] * 3
        fake.start()
        second = start(LINKS, tmp_path)
        try:
            wait_for(lambda: fake.states[BTC].is_killed and fake.states[BTC].revision == 2, 20)
            assert [verb for verb, _, _ in fake.commands] == ["kill", "settings", "settings"]
            assert fake.states[BTC].limits.stop_loss_dollars == 3
            database = sqlite3.connect(tmp_path / "pm.sqlite3")
            wait_for(lambda: states_of(database) == {"delivered"})
            database.close()
        finally:
            second.kill()
            second.communicate()


def states_of(database: sqlite3.Connection) -> set[str]:
    return {state for (state,) in database.execute("SELECT state FROM riskcontrol_delivery")}
