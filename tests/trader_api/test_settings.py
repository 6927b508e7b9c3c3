"""A trader's settings: defaults that run, and nonsense refused in one sentence."""

from pathlib import Path

import pytest

from tests.trader_api.processes import LIMIT_S, answers, fake_trader, manage


@pytest.mark.processes
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HYPERLIQUID_PORT", "0", "HYPERLIQUID_PORT must be a whole number from 1 to 65535"),
        ("HYPERLIQUID_PORT", "ninety", "HYPERLIQUID_PORT must be a whole number"),
        ("BIND", "127.0.0.256", "BIND must be an IP address or a host name"),
        ("BIND", "http://127.0.0.1", "BIND must be an IP address or a host name"),
        ("BIND", "127.0.0.1:9002", "BIND must be an IP address or a host name"),
        ("ON_KILL", "maybe", "ON_KILL must be one of close, hold"),
        ("KILL_ON", "pnl", "KILL_ON must be one of loss, drawdown"),
        ("MAX_RISK_PER_TRADE", "0", "MAX_RISK_PER_TRADE must be a number from 0.0001 to 100"),
        ("MAX_RISK_PER_TRADE", "NaN", "MAX_RISK_PER_TRADE must be a number"),
        ("MAX_RISK_PER_TRADE", "five", "MAX_RISK_PER_TRADE must be a number"),
        ("STOP_SLIPPAGE_PERCENT", "-1", "STOP_SLIPPAGE_PERCENT must be a number from 0 to 5"),
        ("HYPERLIQUID_TRADER_TOKEN", "has a blank", "HYPERLIQUID_TRADER_TOKEN must be printable ASCII"),
        ("HYPERLIQUID_TRADER_TOKEN", "grün", "HYPERLIQUID_TRADER_TOKEN must be printable ASCII"),
        ("HYPERLIQUID_TRADER_TOKEN_FILE", "/no/such/file", "HYPERLIQUID_TRADER_TOKEN_FILE: cannot read"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_one_sentence(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    done = manage(tmp_path, "kill", "hyperliquid", **{name: value})
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.processes
def test_a_trader_that_is_started_again_comes_up_and_says_which_name_nobody_reads(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("MAX_RISK_PER_TRADES=1\n")
    with fake_trader(tmp_path, ENV_FILE=str(file)) as (url, process):
        assert answers(url)
        process.terminate()
        _, said = process.communicate(timeout=LIMIT_S)
    assert f"{file}, line 1: there is no setting MAX_RISK_PER_TRADES." in said
