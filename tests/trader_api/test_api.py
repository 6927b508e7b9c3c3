"""The trader's HTTP API: what every endpoint asks of the engine, and answers (api.md, section 2)."""

from decimal import Decimal

import pytest

from tests.trader_api.conftest import Ask
from tests.trader_api.fake_engine import BTC, ETH, FakeEngine, not_durable, trade
from venues.contract.limits import LIMIT_NAMES
from venues.trader import facade

ROW = "/api/strategies/momentum/BTC"


async def test_the_list_has_every_strategy_with_the_nine_fields(program: Ask) -> None:
    answer = await program("GET", "/api/strategies")
    rows = answer.json()["strategies"]
    assert [row["strategy_id"] for row in rows] == ["momentum", "mean-reversion", "shares"]
    nine = {"strategy_id", "symbol", "enabled", "is_killed", "total_pnl", "model_reward", *LIMIT_NAMES}
    assert nine <= set(rows[0])
    assert not {"source", "sync"} & set(rows[0])
    assert rows[0]["total_pnl"] == Decimal("-12.34")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("symbol", ["xyz:TSLA", "xyz%3ATSLA", "xyz%3aTSLA"])
async def test_a_symbol_with_a_colon_may_come_escaped(program: Ask, symbol: str) -> None:
    answer = await program("GET", f"/api/strategies/shares/{symbol}")
    assert (answer.status, answer.json()["symbol"]) == (200, "xyz:TSLA")


async def test_settings_answer_the_row_as_it_is_in_force(program: Ask, engine: FakeEngine) -> None:
    answer = await program("PUT", f"{ROW}/settings", '{"stop_loss_dollars": 4, "revision": 8}')
    assert answer.status == 200
    assert answer.json() == (await program("GET", ROW)).json()
    assert (engine.row(BTC).limits.stop_loss_dollars, engine.row(BTC).revision) == (Decimal(4), 8)
    assert engine.row(BTC).limits.max_strategy_loss == Decimal(50)


@pytest.mark.parametrize(
    ("revision", "stop", "status", "code"),
    [(7, "5", 409, "conflict"), (8, "4", 200, None), (8, "3", 409, "revision_reused"), (9, "3", 200, None)],
)
async def test_i07_an_older_or_reused_revision_is_409_with_the_row(
    program: Ask, revision: int, stop: str, status: int, code: str | None
) -> None:
    await program("PUT", f"{ROW}/settings", '{"stop_loss_dollars": 4, "revision": 8}')
    body = f'{{"stop_loss_dollars": {stop}, "revision": {revision}}}'
    answer = await program("PUT", f"{ROW}/settings", body)
    assert (answer.status, answer.json().get("code")) == (status, code)
    if code:
        assert (answer.json()["row"]["revision"], answer.json()["row"]["stop_loss_dollars"]) == (8, 4)


async def test_settings_without_a_revision_leave_the_stored_one(program: Ask, engine: FakeEngine) -> None:
    await program("PUT", f"{ROW}/settings", '{"stop_loss_dollars": 4, "revision": 8}')
    assert (await program("PUT", f"{ROW}/settings", '{"stop_loss_dollars": 3}')).json()["revision"] == 8


@pytest.mark.parametrize("wrap", ["%s", '{"updates": %s}'])
async def test_a_list_is_put_in_force_in_its_order(program: Ask, engine: FakeEngine, wrap: str) -> None:
    listed = (
        '[{"strategy_id": "mean-reversion", "symbol": "ETH", "stop_loss_dollars": 3, "revision": 2},'
        ' {"strategy_id": "momentum", "symbol": "BTC", "max_strategy_loss": 40}]'
    )
    answer = await program("PUT", "/api/strategies/settings", wrap % listed)
    assert answer.status == 200
    assert [row["symbol"] for row in answer.json()["strategies"]] == ["ETH", "BTC"]
    assert (engine.row(ETH).limits.stop_loss_dollars, engine.row(ETH).revision) == (Decimal(3), 2)


@pytest.mark.parametrize(
    ("second", "field"),
    [
        ('{"strategy_id": "momentum", "symbol": "BTC", "max_strategy_loss": 40}', "strategy_id"),
        ('{"strategy_id": "nobody", "symbol": "BTC", "max_strategy_loss": 40}', "non_field_errors"),
        ('{"strategy_id": "../x", "symbol": "BTC", "max_strategy_loss": 40}', "strategy_id"),
        ('{"symbol": "BTC", "max_strategy_loss": 40}', "strategy_id"),
        ('{"strategy_id": "momentum", "symbol": 5, "max_strategy_loss": 40}', "symbol"),
        ('{"strategy_id": "mean-reversion", "symbol": "ETH"}', "non_field_errors"),
        ('{"strategy_id": "mean-reversion", "symbol": "ETH", "max_strategy_loss": 0}', "max_strategy_loss"),
        (
            '{"strategy_id": "mean-reversion", "symbol": "ETH", "max_strategy_loss": 9, "revision": -1}',
            "revision",
        ),
        ("null", "non_field_errors"),
        ("[]", "non_field_errors"),
    ],
)
async def test_one_bad_item_of_a_list_changes_nothing(
    program: Ask, engine: FakeEngine, second: str, field: str
) -> None:
    first = '{"strategy_id": "momentum", "symbol": "BTC", "stop_loss_dollars": 3}'
    answer = await program("PUT", "/api/strategies/settings", f"[{first}, {second}]")
    assert answer.status == 400
    [item] = answer.json()["items"]
    assert item["index"] == 1
    assert field in item["fields"]
    assert engine.asked == []


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"updates": 5}', '{"updates": []}', "5", '{"updates": [], "x": 1}']
)
async def test_a_list_that_is_none_is_refused(program: Ask, engine: FakeEngine, body: str) -> None:
    answer = await program("PUT", "/api/strategies/settings", body)
    assert (answer.status, answer.json()["code"]) == (400, "invalid")
    assert engine.asked == []


async def test_a_conflict_in_a_list_changes_nothing(program: Ask, engine: FakeEngine) -> None:
    await program("PUT", f"{ROW}/settings", '{"stop_loss_dollars": 4, "revision": 8}')
    listed = (
        '[{"strategy_id": "mean-reversion", "symbol": "ETH", "stop_loss_dollars": 3, "revision": 2},'
        ' {"strategy_id": "momentum", "symbol": "BTC", "stop_loss_dollars": 3, "revision": 7}]'
    )
    answer = await program("PUT", "/api/strategies/settings", listed)
    assert (answer.status, answer.json()["row"]["symbol"]) == (409, "BTC")
    assert engine.row(ETH).limits.stop_loss_dollars == Decimal(5)


async def test_disable_and_enable_take_a_revision(program: Ask, engine: FakeEngine) -> None:
    answer = await program("POST", f"{ROW}/disable", '{"revision": 3}')
    assert (answer.json()["enabled"], answer.json()["status"], answer.json()["revision"]) == (
        False,
        "Disabled",
        3,
    )
    answer = await program("POST", f"{ROW}/enable", '{"revision": 4}')
    assert (answer.json()["enabled"], answer.json()["revision"]) == (True, 4)
    assert (await program("POST", f"{ROW}/disable")).status == 200


async def test_kill_takes_flatten_and_reason_and_enable_of_a_killed_one_is_409(
    program: Ask, engine: FakeEngine
) -> None:
    answer = await program("POST", f"{ROW}/kill", '{"flatten": false, "reason": "news, schöne Grüße"}')
    assert (answer.status, answer.json()["status"], answer.json()["kill"]["cause"]) == (
        200,
        "Killed",
        "operator",
    )
    assert engine.asked[0] == (False, "news, schöne Grüße", "operator")
    answer = await program("POST", f"{ROW}/enable")
    assert (answer.status, answer.json()["code"], answer.json()["row"]["is_killed"]) == (409, "killed", True)


async def test_reset_takes_epoch_and_force(program: Ask, engine: FakeEngine) -> None:
    answer = await program("POST", f"{ROW}/reset-kill-switch")
    assert (answer.status, answer.json()["code"]) == (409, "not_killed")
    await program("POST", f"{ROW}/kill")
    answer = await program("POST", f"{ROW}/reset-kill-switch", '{"epoch": 0, "force": true}')
    assert (answer.status, answer.json()["is_killed"], answer.json()["epoch"]) == (200, False, 1)
    assert (0, True) in engine.asked


async def test_a_kill_that_is_not_on_disk_is_503_with_the_row(program: Ask, engine: FakeEngine) -> None:
    engine.fails = not_durable(engine.row(BTC))
    answer = await program("POST", f"{ROW}/kill")
    assert (answer.status, answer.json()["code"], answer.json()["row"]["symbol"]) == (
        503,
        "not_durable",
        "BTC",
    )


async def test_close_asks_the_engine(program: Ask, engine: FakeEngine) -> None:
    assert (await program("POST", f"{ROW}/close")).status == 200
    assert engine.asked == ["close"]


async def test_an_empty_body_of_any_type_is_no_body(program: Ask) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert (await program("POST", f"{ROW}/disable", **kind)).status == 200


async def test_the_account_is_as_the_trader_sees_it(program: Ask, engine: FakeEngine) -> None:
    engine.closed = [trade(2), trade(1)]
    assert (await program("GET", "/api/account")).json()["equity"] == Decimal("10012.5")
    assert (await program("GET", "/api/positions")).json()["positions"][0]["symbol"] == "BTC"
    assert (await program("GET", "/api/orders")).json()["orders"][0]["trigger_price"] == 63801
    assert [one["trade_id"] for one in (await program("GET", "/api/trades")).json()["trades"]] == ["2", "1"]
    assert (await program("GET", "/api/equity")).json()["equity"][0]["equity"] == Decimal("10012.5")


async def test_head_is_get(program: Ask) -> None:
    assert (await program("HEAD", "/api/strategies")).status == 200


async def test_metrics_are_prometheus_text(program: Ask) -> None:
    answer = await program("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.body.decode().splitlines() == [
        "# TYPE trader_denied_total_opposite_side__x_y gauge",
        "trader_denied_total_opposite_side__x_y 3",
        "# TYPE trader_equity gauge",
        "trader_equity 10012.5",
    ]


async def test_an_engine_that_fails_is_a_plain_500_and_one_that_is_not_there_503(
    program: Ask, engine: FakeEngine
) -> None:
    engine.fails = RuntimeError("a secret of the engine")
    answer = await program("POST", f"{ROW}/close")
    assert (answer.status, answer.json()["code"]) == (500, "error")
    assert b"secret" not in answer.body
    facade._running.clear()
    assert (await program("GET", "/api/strategies")).status == 503


async def test_until_memory_is_read_nobody_is_told_that_a_strategy_is_not_there(
    program: Ask, engine: FakeEngine
) -> None:
    engine.restored = False
    for method, path, body in [
        ("GET", "/api/strategies", ""),
        ("PUT", f"{ROW}/settings", '{"stop_loss_dollars": 4}'),
        ("POST", f"{ROW}/kill", ""),
    ]:
        answer = await program(method, path, body)
        assert (answer.status, answer.json()["code"]) == (503, "trader_unreachable")
    assert (await program("GET", "/healthz")).status == 200
    assert engine.asked == []
