"""`manage.py initexchange`: the database and an account, made once, whether an exchange runs or not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.paper.exchange import ROOT, start_exchange

MASTER, AGENT, OTHER = ("0x" + digit * 40 for digit in "123")
MINE = {"venue": "hyperliquid", "address": MASTER, "agents": [AGENT]}


def initexchange(directory: Path, *accounts: Any) -> subprocess.CompletedProcess[str]:
    """Run the command on a VAR_DIR."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("EXCHANGE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "manage.py", "initexchange", *map(json.dumps, accounts)],
        cwd=ROOT,
        env={**inherited, "VAR_DIR": str(directory), "ENV_FILE": str(directory / "no.env")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_an_account_is_made_once_and_keeps_its_balance(tmp_path: Path) -> None:
    assert initexchange(tmp_path, {**MINE, "balance": "777"}).returncode == 0
    again = initexchange(tmp_path, {**MINE, "agents": [OTHER], "balance": "5"})
    assert again.returncode == 0, again.stderr
    with start_exchange(tmp_path) as paper:
        assert paper.state(MASTER)["balance"] == "777"
        agents = {one["address"] for one in paper.info(type="extraAgents", user=MASTER)}
        assert agents == {AGENT, OTHER}


def test_a_running_exchange_is_asked(tmp_path: Path) -> None:
    with start_exchange(tmp_path) as paper:
        done = initexchange(tmp_path, MINE)
        assert done.returncode == 0, done.stderr
        assert paper.state(MASTER)["balance"] == "10000"


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({**MINE, "address": "0x12"}, "address"),
        ({**MINE, "agents": ["x"]}, "agents"),
        ({**MINE, "balance": "much"}, "must be a number"),
        ({**MINE, "venue": "nowhere"}, "venue must be one of hyperliquid, lighter"),
        ({**MINE, "agent": AGENT}, "agent: Unknown field"),
        ([], "must be a JSON object"),
    ],
)
def test_a_bad_account_is_said_in_a_sentence(tmp_path: Path, account: Any, said: str) -> None:
    done = initexchange(tmp_path, account)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
