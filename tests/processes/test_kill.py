"""A strategy that loses more than its Max DD is killed by its trader, flat, and stays killed until reset."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.processes.product import BTC_JANUARY, Product, recorded_fall, strategy

replayed = pytest.mark.skipif(not BTC_JANUARY.is_file(), reason=f"no market data at {BTC_JANUARY}")
LARGE = {"MAX_RISK_PER_TRADE": "20"}
# Lighter takes 60 reads a minute and a start needs 10 of them: after a few, reads wait for the next minute.
MINUTE_S = 90
FEW_MOMENTS_S, FEW_ROUNDS = {"lighter": (0.1,)}, {"lighter": 3}
MOVING = {"speed": "60", "environment": LARGE}


@pytest.fixture(scope="module")
def moving(start_shared: Callable[..., Product]) -> Product:
    """A market that moves a minute a second."""
    return start_shared(strategies=strategy(), **MOVING)


@pytest.fixture
def product(moving: Product) -> Product:
    """The same with a large trade open and no kill."""
    if moving.row()["is_killed"]:
        check_killed(moving)
        assert moving.order("reset-kill-switch").status_code == 200
    reopen_larger(moving)
    wait_for_trade(moving)
    return moving


def wait_for_trade(product: Product) -> None:
    """Wait for a trade with its stop."""
    product.eventually(
        lambda: product.size() and len(product.stops()) == 1, MINUTE_S, "a trade with its stop"
    )


def is_flat(product: Product) -> bool:
    """Tell whether the exchange holds neither a position nor an order of the account."""
    account = product.account()
    return not account["positions"] and not account["orders"]


def check_killed(product: Product, limit_s: float = 20) -> dict[str, Any]:
    """Check everything a kill promises; gives the row."""
    product.eventually(
        lambda: (product.row()["kill"] or {}).get("state") == "flat_confirmed",
        limit_s,
        "flat confirmed in the row",
    )
    row = product.row()
    assert (row["is_killed"], row["status"], row["position"]) == (True, "Killed", None)
    assert is_flat(product)
    assert product.trader_row()["is_killed"]
    return row


def check_stays_flat(product: Product, seconds: float) -> None:
    """Check that nothing opens while the market goes on."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert is_flat(product)
        time.sleep(0.1)


def crash(product: Product) -> None:
    product.kill9(product.venue)
    product.start_process(product.venue)
    product.eventually(product.trader_answers, 15, "the trader answering after kill -9")
    product.eventually(lambda: product.link() == "online", 10, "online after kill -9")


def reopen_larger(product: Product) -> None:
    """Have the strategy trade 10 000 USD with its stop beyond Max DD, so that the kill comes first."""
    assert product.change(risk_per_trade=20, stop_loss_dollars=80, max_strategy_loss=50).status_code == 200
    wait_for_trade(product)
    assert product.order("close").status_code == 200


@replayed
def test_january_kills_what_always_holds_and_a_reset_lets_it_trade(
    start: Callable[..., Product], tmp_path: Path
) -> None:
    product = start(strategies=strategy(), feed=recorded_fall(tmp_path), speed="600", environment=LARGE)
    reopen_larger(product)
    product.eventually(lambda: product.row()["is_killed"], 60, "a kill by loss")
    row = check_killed(product)
    kill = row["kill"]
    assert (kill["cause"], kill["limit"], kill["epoch"]) == ("loss", 50, 0)
    assert kill["total_pnl"] < -50, "a kill needs more than the limit"
    # What flat came to, better or worse than the trip: at 600 times the market may turn before the close.
    assert kill["total_pnl_flat"] == row["total_pnl"], "the overshoot is what flat cost"
    assert kill["left"] in {0, None}
    check_stays_flat(product, 2)
    assert product.order("enable").json()["code"] == "killed"
    assert product.change(max_strategy_loss=1000).status_code == 200
    crash(product)
    check_stays_flat(product, 2)
    assert product.row()["is_killed"], "neither a restart nor a raised limit clears a kill"

    answer = product.order("reset-kill-switch", {"epoch": kill["epoch"]})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["is_killed"], answer.json()["epoch"]) == (False, 1)
    assert answer.json()["total_pnl"] == 0
    product.eventually(
        lambda: product.size() != 0 and product.row()["position"], 10, "a trade after the reset"
    )


def crash_around_a_kill(product: Product, delay_s: float) -> None:
    """Let the price fall through Max DD, kill the trader's process `delay_s` later, look what holds."""
    wait_for_trade(product)
    product.price("BTC", product.mark() * Decimal("0.9"))
    time.sleep(delay_s)
    crash(product)
    product.eventually(lambda: product.row()["is_killed"], 10, f"killed, kill -9 {delay_s} s after the fall")
    check_killed(product, MINUTE_S)
    check_stays_flat(product, 1)
    crash(product)
    check_killed(product, MINUTE_S)
    assert product.order("reset-kill-switch").status_code == 200


def test_a_kill_holds_with_kill_9_at_any_moment(product: Product) -> None:
    for delay_s in FEW_MOMENTS_S.get(product.venue, (0.0, 0.1)):
        crash_around_a_kill(product, delay_s)


@pytest.mark.slow
def test_a_kill_holds_with_kill_9_at_many_moments(product: Product) -> None:
    for step in range(FEW_ROUNDS.get(product.venue, 16)):
        crash_around_a_kill(product, step * 0.02)


def test_a_kill_by_hand_closes_and_lasts(product: Product) -> None:
    began = time.monotonic()
    answer = product.order("kill", {"reason": "looks wrong"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_killed"]
    row = check_killed(product)
    assert time.monotonic() - began < 10
    assert row["kill"]["cause"] == "operator"
    again = product.order("kill")
    assert (again.status_code, again.json()["kill"]["epoch"]) == (200, row["kill"]["epoch"])
    check_stays_flat(product, 2)


def test_the_kill_command_works_beside_the_trader_with_pm_gone(product: Product) -> None:
    product.end("pm")
    product.manage("kill", product.venue, "momentum", "BTC")
    product.eventually(lambda: product.trader_row()["is_killed"], 3, "killed by the command")
    product.eventually(lambda: is_flat(product), 10, "flat")
    product.start_process("pm")
    product.wait_ready()
    assert product.row()["is_killed"]


def test_the_kill_command_is_obeyed_by_a_frozen_trader_when_it_wakes(product: Product) -> None:
    with product.frozen(product.venue):
        product.manage("kill", product.venue)
        assert (product.var_dir / f"{product.venue}.kill").is_file()
    product.eventually(lambda: product.trader_row()["is_killed"], 3, "killed on waking")
    product.eventually(lambda: is_flat(product), 10, "flat")
    product.eventually(lambda: not (product.var_dir / f"{product.venue}.kill").exists(), 3, "the file taken")
