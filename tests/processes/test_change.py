"""A changed stop loss is in force in the trader, on its disk and at the venue within a second."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.bad_input import BAD_BODIES, BAD_NAMES, BAD_NUMBERS, BAD_REVISIONS
from tests.processes.product import Product, strategy

# Of the table that tests/api and tests/trader_api hold against each face alone: (strategy and symbol, body)
GOOD = b'{"stop_loss_dollars": 4}'
BAD_REQUESTS = [
    *(("momentum/BTC", bad.body) for bad in BAD_BODIES),
    *(("momentum/BTC", f'{{"{field}": {literal}}}'.encode()) for field, literal in BAD_NUMBERS),
    *(("momentum/BTC", b'{"stop_loss_dollars": 4, "revision": %s}' % one.encode()) for one in BAD_REVISIONS),
    *((f"{name}/BTC", GOOD) for name in BAD_NAMES["strategy_id"]),
    *((f"momentum/{name}", GOOD) for name in BAD_NAMES["symbol"]),
]


@pytest.fixture(scope="module")
def product(start_shared: Callable[..., Product]) -> Product:
    """A market that stands still, and one trade open."""
    return start_shared(strategies=strategy(), speed="0")


def with_stop_loss(product: Product, dollars: int) -> Decimal:
    """Set Stop Loss ($); give the trigger of the open trade's only stop, once it rests there."""
    product.eventually(lambda: product.size() and len(product.stops()) == 1, 20, "a trade with its stop")
    assert product.change(stop_loss_dollars=dollars).status_code == 200
    product.eventually(lambda: is_settled(product, dollars), 10, "one stop alone, where it belongs")
    return Decimal(product.stops()[0]["trigger_price"])


def is_settled(product: Product, dollars: int) -> bool:
    """Tell whether one stop rests, and the trader says that it is for these dollars."""
    row = product.trader_row()
    planned = row["position"]["planned_loss"] if row["position"] else 0
    return (
        "stop_moving" not in row["warnings"]
        and Decimal("0.9") * dollars < planned <= dollars
        and len(product.stops()) == 1
    )


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
    path, old = f"/api/risk/{product.venue}/momentum/BTC", {"If-Match": f'"{first["revision"]}"'}
    for late in (
        product.change(stop_loss_dollars=7, revision=first["revision"]),
        product.api("PUT", path, {"stop_loss_dollars": 7}, product.token(), old),
    ):
        assert late.status_code == 409
        assert late.json()["code"] == "conflict"
        assert late.json()["row"]["stop_loss_dollars"] == 4
    assert product.trader_row()["stop_loss_dollars"] == 4


def test_bad_input_is_refused_by_pm_and_by_the_trader_and_changes_nothing(product: Product) -> None:
    trigger = with_stop_loss(product, 6)
    product.eventually(lambda: shown_stop(product) == trigger, 5, "the row showing where the stop rests")
    before = settings_everywhere(product)
    assert len(BAD_REQUESTS) >= 200
    for key, body in BAD_REQUESTS:
        for answer in (
            product.api("PUT", f"/api/risk/{product.venue}/{key}", body, product.token()),
            product.trader("PUT", f"/api/strategies/{key}/settings", body),
        ):
            said = f"{answer.url} {body[:80]!r}: {answer.status_code} {answer.text}"
            assert answer.status_code == 400, said
            assert answer.json()["code"] in {"invalid", "bad_json"}, said
            assert answer.json()["detail"], said
    assert settings_everywhere(product) == before


def test_what_the_trader_refuses_is_named_by_pm_as_the_trader_named_it(product: Product) -> None:
    before = product.trader_row()["risk_per_trade"]
    theirs = product.trader("PUT", "/api/strategies/momentum/BTC/settings", {"risk_per_trade": 7})
    assert (theirs.status_code, theirs.json()["code"]) == (409, "rejected")
    assert theirs.json()["fields"] == {"risk_per_trade": ["Must be at most 5 at this trader."]}
    for _ in range(2):
        answer = product.change(risk_per_trade=7)
        assert (answer.status_code, answer.json()["code"]) == (409, "rejected")
        assert {name: answer.json()[name] for name in ("detail", "fields")} == {
            name: theirs.json()[name] for name in ("detail", "fields")
        }
    item = {"source": product.venue, "strategy_id": "momentum", "symbol": "BTC", "risk_per_trade": 7}
    bulk = product.api("POST", "/api/risk/bulk-update", {"updates": [item]}, product.token())
    assert bulk.status_code == 207
    assert bulk.json()["results"][0]["error"]["fields"] == theirs.json()["fields"]
    assert product.change(risk_per_trade=before).status_code == 200


def settings_everywhere(product: Product) -> list[Any]:
    """Give the settings as PM's row, the trader's row and its database have them, and the resting stop."""
    names = ("enabled", "risk_per_trade", "stop_loss_dollars", "max_strategy_loss", "revision", "epoch")
    rows = [[row[name] for name in names] for row in (product.row(), product.trader_row())]
    stored = product.database(f"SELECT {', '.join(names)}, kill FROM trader_strategy")
    return [*rows, stored, product.stops()]


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
