"""A changed stop loss is in force in the trader, on its disk and at the venue within a second."""

import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.processes.product import Product, strategy


@pytest.fixture(scope="module")
def product(start_shared: Callable[..., Product]) -> Product:
    """A market that stands still, and one trade open."""
    return start_shared(strategies=strategy(), speed="0")


def with_stop_loss(product: Product, dollars: int) -> Decimal:
    """Set Stop Loss ($); give the trigger of the open trade's only stop, once it rests there."""
    product.eventually(lambda: product.size() and len(product.stops()) == 1, 20, "a trade with its stop")
    assert product.change(stop_loss_dollars=dollars).status_code == 200
    product.eventually(lambda: "stop_moving" not in product.row()["warnings"], 5, "the stop where it belongs")
    product.eventually(lambda: len(product.stops()) == 1, 5, "one stop alone")
    return Decimal(product.stops()[0]["trigger_price"])


def shown_stop(product: Product) -> Decimal | None:
    """Give the stop price that PM's row shows."""
    position = product.row()["position"]
    return position["stop_price"] if position else None


def test_a_changed_stop_loss_rests_at_the_venue_within_a_second(product: Product) -> None:
    before = with_stop_loss(product, 5)
    size = product.size()

    answer = product.change(stop_loss_dollars=4)
    answered = time.monotonic()
    assert answer.status_code == 200, answer.text
    assert answer.json()["stop_loss_dollars"] == 4
    assert answer.json()["sync"] == "applied"
    assert product.trader_row()["stop_loss_dollars"] == 4
    assert product.database("SELECT stop_loss_dollars FROM trader_strategy") == [(4_000_000,)]
    product.eventually(
        lambda: [one for one in product.stops() if Decimal(one["trigger_price"]) > before],
        max(0.05, answered + 1 - time.monotonic()),
        "the tighter stop at the venue",
    )
    product.eventually(lambda: len(product.stops()) == 1, 2, "the old stop gone")
    trigger = Decimal(product.stops()[0]["trigger_price"])
    assert trigger > before
    assert abs(Decimal(product.stops()[0]["size"])) == size
    product.eventually(lambda: shown_stop(product) == trigger, 2, "the row showing where the stop rests")
    assert Decimal("3.5") < product.row()["position"]["planned_loss"] <= 4


def test_the_stop_moves_out_too_and_never_twice(product: Product) -> None:
    before = with_stop_loss(product, 5)
    assert product.change(stop_loss_dollars=8).status_code == 200
    product.eventually(
        lambda: len(product.stops()) == 1 and Decimal(product.stops()[0]["trigger_price"]) < before,
        2,
        "the wider stop alone",
    )


def test_a_second_change_with_the_old_revision_gets_the_stored_row(product: Product) -> None:
    with_stop_loss(product, 5)
    first = product.row()
    assert product.change(stop_loss_dollars=4, revision=first["revision"]).status_code == 200
    late = product.change(stop_loss_dollars=7, revision=first["revision"])
    assert late.status_code == 409
    assert late.json()["code"] == "conflict"
    assert late.json()["row"]["stop_loss_dollars"] == 4
    assert product.trader_row()["stop_loss_dollars"] == 4


def test_an_acknowledged_change_survives_kill_9_of_everything(start: Callable[..., Product]) -> None:
    product = start(strategies=strategy(), speed="0")
    assert product.change(stop_loss_dollars=4).status_code == 200
    product.end(product.venue)
    assert product.change(max_strategy_loss=44).status_code == 202
    for name in ("pm", "exchange"):
        product.kill9(name)
    for name in ("exchange", product.venue, "pm"):
        product.start_process(name)
    product.wait_ready()
    product.eventually(lambda: product.row()["sync"] == "applied", 5, "the change delivered")
    row = product.trader_row()
    assert (row["stop_loss_dollars"], row["max_strategy_loss"]) == (4, 44)
