"""Rows stay whatever becomes of the trader: frozen, ended, killed, restarted."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.processes.product import Product, strategy

NINE = {
    "strategy_id",
    "symbol",
    "enabled",
    "risk_per_trade",
    "stop_loss_dollars",
    "max_strategy_loss",
    "is_killed",
    "total_pnl",
    "model_reward",
}
TWO = strategy() + strategy("other", "ETH", "always_short")


@pytest.fixture(scope="module")
def product(start_shared: Callable[..., Product]) -> Product:
    """Two strategies in a market that moves a minute a second."""
    return start_shared(strategies=TWO, speed="60")


def open_to_others(var_dir: Path) -> list[str]:
    """Give the databases and logs that are not for their user alone."""
    files = [var_dir, *var_dir.glob("*.sqlite3*"), *(var_dir / "log").glob("*.log")]
    assert {"pm.sqlite3", "hyperliquid.log", "pm.log"} <= {file.name for file in files}
    return [file.name for file in files if file.stat().st_mode & 0o077]


def facts(product: Product) -> list[tuple[object, ...]]:
    """What must not change while a trader is away."""
    names = ("strategy_id", "symbol", "enabled", "stop_loss_dollars", "is_killed", "revision", "epoch")
    return [tuple(row[name] for name in names) for row in product.rows()]


def test_the_list_shows_nine_fields_and_moving_pnl(product: Product) -> None:
    if product.row("other", "ETH")["is_killed"]:
        assert product.order("reset-kill-switch", key="other/ETH").status_code == 200
    assert [(row["strategy_id"], row["symbol"]) for row in product.rows()] == [
        ("momentum", "BTC"),
        ("other", "ETH"),
    ]
    assert all(set(row) >= NINE for row in product.rows())
    product.eventually(lambda: all(row["position"] for row in product.rows()), 15, "both trades open")
    assert product.row()["position"]["side"] == "long"
    assert product.row("other", "ETH")["position"]["side"] == "short"
    before = product.row()["total_pnl"]
    assert isinstance(before, Decimal)
    product.eventually(lambda: product.row()["total_pnl"] != before, 5, "a PnL that moves")
    source = product.source()
    assert (source["status"], source["network"], source["strategies"]) == ("online", "paper", 2)


def test_a_frozen_trader_turns_stale_then_offline_and_is_online_within_three_seconds(
    product: Product,
) -> None:
    assert product.change(stop_loss_dollars=4).status_code == 200
    assert product.order("kill", key="other/ETH").status_code == 200
    product.eventually(lambda: product.row("other", "ETH")["is_killed"], 5, "the kill in the row")
    held = facts(product)
    with product.frozen(product.venue):
        product.eventually(lambda: product.source()["status"] == "stale", 8, "stale")
        assert facts(product) == held
        product.eventually(lambda: product.source()["status"] == "offline", 14, "offline")
        assert facts(product) == held
        assert product.change(max_strategy_loss=60).status_code == 202
        assert product.row()["sync"] == "pending"
        assert product.order("enable").status_code == 503
    product.eventually(lambda: product.source()["status"] == "online", 3, "online again")
    product.eventually(lambda: product.row()["sync"] == "applied", 5, "the change delivered")
    assert product.trader_row()["max_strategy_loss"] == 60
    assert product.row("other", "ETH")["is_killed"]


def test_an_ended_trader_s_rows_stay_and_it_comes_back_with_kills_and_settings(product: Product) -> None:
    assert product.change(stop_loss_dollars=4).status_code == 200
    assert product.order("kill", key="other/ETH").status_code == 200
    held = facts(product)
    product.end(product.venue)
    product.eventually(lambda: product.source()["status"] == "offline", 17, "offline")
    assert facts(product) == held
    assert product.api("GET", "/readyz").status_code == 200
    product.start_process(product.venue)
    product.eventually(product.trader_answers, 10, "the trader answering")
    product.eventually(lambda: product.source()["status"] == "online", 3, "online again")
    assert facts(product) == held
    assert product.trader_row("other", "ETH")["is_killed"]
    assert product.trader_row()["stop_loss_dollars"] == 4


def test_a_process_that_is_killed_is_restarted_and_the_others_live_on(start: Callable[..., Product]) -> None:
    product = start(strategies=TWO, supervised=True)
    assert open_to_others(product.var_dir) == []
    assert product.change(stop_loss_dollars=4).status_code == 200
    for name in (product.venue, "pm", "exchange"):
        before = {one: product.pid(one) for one in ("exchange", product.venue, "pm")}
        product.kill9(name)
        product.eventually(lambda: product.restarted(name, before[name]), 4, f"{name} restarted")  # noqa: B023
        product.eventually(lambda: product.link() == "online", 5, f"online after {name} was killed")
        after = {one: product.pid(one) for one in before}
        assert [one for one in before if before[one] != after[one]] == [name]
    assert product.row()["stop_loss_dollars"] == 4
    assert product.trader_row()["stop_loss_dollars"] == 4
