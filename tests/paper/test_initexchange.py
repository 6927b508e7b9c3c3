"""`manage.py initexchange`: the database and an account, made once, whether an exchange runs or not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paper.exchange import ROOT, start_exchange

MASTER, AGENT, OTHER = ("0x" + digit * 40 for digit in "123")


def initexchange(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a VAR_DIR."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("EXCHANGE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "manage.py", "initexchange", *words],
        cwd=ROOT,
        env={**inherited, "VAR_DIR": str(directory), "ENV_FILE": str(directory / "no.env")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_an_account_is_made_once_and_keeps_its_balance(tmp_path: Path) -> None:
    assert (
        initexchange(tmp_path, "--hyperliquid", MASTER, "--agent", AGENT, "--balance", "777").returncode == 0
    )
    again = initexchange(tmp_path, "--hyperliquid", MASTER, "--agent", OTHER, "--balance", "5")
    assert again.returncode == 0, again.stderr
    with start_exchange(tmp_path) as paper:
        assert paper.state(MASTER)["balance"] == "777"
        agents = {one["address"] for one in paper.info(type="extraAgents", user=MASTER)}
        assert agents == {AGENT, OTHER}


def test_a_running_exchange_is_asked(tmp_path: Path) -> None:
    with start_exchange(tmp_path) as paper:
        done = initexchange(tmp_path, "--hyperliquid", MASTER, "--agent", AGENT)
        assert done.returncode == 0, done.stderr
        assert paper.state(MASTER)["balance"] == "10000"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--hyperliquid", "0x12"), "address"),
        (("--hyperliquid", MASTER, "--agent", "x"), "agents"),
        (("--hyperliquid", MASTER, "--balance", "much"), "not a number"),
    ],
)
def test_a_bad_argument_is_said_in_a_sentence(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = initexchange(tmp_path, *words)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
