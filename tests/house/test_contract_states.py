"""Rows, trades, accounts and messages: through JSON and back without a digit lost; bad ones are BadAnswer."""

import contextlib
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.contract.errors import STATUS, BadAnswer, Conflict, NotFound, Refused, Unknown, invalid, status_of
from venues.contract.limits import RiskLimits
from venues.contract.messages import Heartbeat, Killed, Snapshot, from_json, to_json
from venues.contract.names import GRAMMAR
from venues.contract.states import (
    CAUSES,
    KILL_STATES,
    KILLS_ON,
    Account,
    Denial,
    Kill,
    Position,
    StrategyState,
    Trade,
    counted_loss,
    derive_status,
)
from venues.serving.parsers import dump_json, strict_json

MONEY = st.decimals(min_value=-(10**9), max_value=10**9, places=6)
MAYBE = st.none() | MONEY
TEXT = st.text(max_size=20)
TIME = st.datetimes().map(lambda at: f"{at.isoformat()}Z")
COUNT = st.integers(0, 10**6)
STRATEGY_ID = st.from_regex(GRAMMAR["strategy_id"], fullmatch=True)
SYMBOL = st.from_regex(GRAMMAR["symbol"], fullmatch=True)

KILLS = st.builds(
    Kill,
    epoch=COUNT,
    at=TIME,
    cause=st.sampled_from(CAUSES),
    total_pnl=MAYBE,
    total_pnl_flat=MAYBE,
    limit=MAYBE,
    left=MAYBE,
    tries=COUNT,
    last_answer=st.none() | TEXT,
    state=st.sampled_from(KILL_STATES),
)
POSITIONS = st.builds(
    Position,
    side=st.sampled_from(["long", "short"]),
    size=MONEY,
    entry_price=MONEY,
    mark_price=MAYBE,
    unrealized_pnl=MAYBE,
    stop_price=MAYBE,
    planned_loss=MAYBE,
)
STATES = st.builds(
    StrategyState,
    strategy_id=STRATEGY_ID,
    symbol=SYMBOL,
    enabled=st.booleans(),
    limits=st.builds(RiskLimits, MONEY, MONEY, MONEY),
    is_killed=st.booleans(),
    total_pnl=MAYBE,
    model_reward=MAYBE,
    name=st.none() | TEXT,
    revision=st.none() | COUNT,
    epoch=COUNT,
    kill=st.none() | KILLS,
    drawdown=MAYBE,
    leverage=st.none() | st.integers(1, 50),
    last_denial=st.none() | st.builds(Denial, reason=TEXT, at=TIME),
    position=st.none() | POSITIONS,
    warnings=st.lists(TEXT, max_size=3).map(tuple),
    kill_on=st.sampled_from([None, *KILLS_ON]),
    as_of=st.none() | TIME,
)
TRADES = st.builds(
    Trade,
    trade_id=TEXT,
    strategy_id=STRATEGY_ID,
    symbol=SYMBOL,
    epoch=COUNT,
    side=st.sampled_from(["long", "short"]),
    size=MONEY,
    entry_price=MONEY,
    exit_price=MONEY,
    opened_at=TIME,
    closed_at=TIME,
    pnl=MONEY,
    fees=MONEY,
    funding=MONEY,
    slippage=MAYBE,
    closed_by=TEXT,
)
ACCOUNTS = st.builds(
    Account,
    equity=MAYBE,
    margin_used=MAYBE,
    unattributed=MAYBE,
    network=st.sampled_from(["paper", "testnet", "mainnet"]),
    venue=TEXT,
    halted=st.none() | TEXT,
    connected=st.booleans(),
    as_of=st.none() | TIME,
)
MESSAGES = (
    STATES
    | TRADES
    | ACCOUNTS
    | st.just(Heartbeat())
    | st.builds(Killed, strategy_id=STRATEGY_ID, symbol=SYMBOL, kill=KILLS)
    | st.builds(
        Snapshot,
        strategies=st.lists(STATES, max_size=3, unique_by=lambda one: (one.strategy_id, one.symbol)).map(
            tuple
        ),
        account=ACCOUNTS,
    )
)
MINIMAL = {
    "strategy_id": "momentum",
    "symbol": "BTC",
    "enabled": True,
    "risk_per_trade": 1,
    "stop_loss_dollars": 5,
    "max_strategy_loss": 50,
    "is_killed": False,
    "total_pnl": -12.34,
}


def wire(value: Any) -> Any:
    """Give the value as the other side parses it."""
    return strict_json(dump_json(value).encode())


@given(MESSAGES, COUNT)
def test_every_message_comes_back_as_it_left(message: Any, seq: int) -> None:
    assert from_json(wire({**to_json(message), "seq": seq})) == (seq, message)


@given(STATES)
def test_a_row_carries_the_missions_nine_fields_and_its_status(state: StrategyState) -> None:
    row = wire(state.to_json())
    nine = {
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
    assert nine <= set(row)
    assert row["status"] == ("Killed" if state.is_killed else "Active" if state.enabled else "Disabled")


def test_status_is_derived() -> None:
    assert [derive_status(killed, on) for killed in (True, False) for on in (True, False)] == [
        "Killed",
        "Killed",
        "Active",
        "Disabled",
    ]


def test_the_minimal_contract_is_enough() -> None:
    state = StrategyState.from_json({**MINIMAL, "something_else": {"deep": 1}})
    assert state.total_pnl == Decimal("-12.34")
    assert (state.revision, state.model_reward, state.position, state.epoch) == (None, None, None, 0)
    assert state.name is None


@pytest.mark.parametrize(
    ("told", "believed"), [("drawdown", "drawdown"), ("whim", None), ([], None), (None, None)]
)
def test_what_kills_is_one_of_two_or_not_known(told: Any, believed: str | None) -> None:
    assert StrategyState.from_json({**MINIMAL, "kill_on": told}).kill_on == believed


def test_what_counts_against_max_dd_is_the_loss_unless_drawdown_kills() -> None:
    total, drawdown = Decimal("-12.34"), Decimal(30)
    assert counted_loss("drawdown", total, drawdown) == 30
    assert counted_loss("drawdown", total, None) is None
    assert counted_loss("loss", total, drawdown) == counted_loss(None, total, drawdown) == Decimal("12.34")
    assert counted_loss(None, None, drawdown) is None


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_a_row_without_a_required_field_is_not_believed(name: str) -> None:
    row = {key: value for key, value in MINIMAL.items() if key != name}
    if name == "total_pnl":
        assert StrategyState.from_json(row).total_pnl is None
    else:
        with pytest.raises(BadAnswer, match=name):
            StrategyState.from_json(row)


WRONG = [
    ("strategy_id", "../x"),
    ("symbol", "B/C"),
    ("enabled", "yes"),
    ("enabled", 1),
    ("is_killed", None),
    ("risk_per_trade", "1"),
    ("risk_per_trade", float("nan")),
    ("stop_loss_dollars", float("inf")),
    ("max_strategy_loss", True),
    ("max_strategy_loss", 10**19),
    ("total_pnl", "5"),
    ("model_reward", []),
    ("revision", 1.5),
    ("revision", True),
]
WRONG_BEYOND_THE_NINE = [
    ("epoch", "0"),
    ("drawdown", "5"),
    ("leverage", {}),
    ("kill", "yes"),
    ("kill", {"epoch": 1}),
    ("position", [1]),
    ("position", {}),
    ("position", {"side": "long", "size": "1", "entry_price": 1}),
    ("position", {"side": "LONG", "size": 1, "entry_price": 1}),
    ("last_denial", {"reason": 5, "at": "x"}),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=repr)
def test_a_row_with_a_wrong_field_is_not_believed(name: str, value: Any) -> None:
    with pytest.raises(BadAnswer, match=name):
        StrategyState.from_json({**MINIMAL, name: value})


@pytest.mark.parametrize(("name", "value"), WRONG_BEYOND_THE_NINE, ids=repr)
def test_what_a_minimal_trader_means_by_other_names_is_its_own_affair(name: str, value: Any) -> None:
    assert StrategyState.from_json({**MINIMAL, name: value}) == StrategyState.from_json(MINIMAL)
    with pytest.raises(BadAnswer, match="momentum/BTC"):
        StrategyState.from_json({**MINIMAL, "revision": 0, name: value})


def test_binary_floats_are_money_with_six_decimals() -> None:
    row = {**MINIMAL, "total_pnl": 0.1 + 0.2, "stop_loss_dollars": 4.1 + 0.1, "drawdown": 1e-9}
    state = StrategyState.from_json(row)
    assert (state.total_pnl, state.limits.stop_loss_dollars) == (Decimal("0.3"), Decimal("4.2"))
    assert state.drawdown == 0
    price = {"side": "long", "size": 1, "entry_price": Decimal("0.0000001234")}
    position = StrategyState.from_json({**MINIMAL, "position": price}).position
    assert position is not None and position.entry_price == Decimal("0.0000001234")


def test_text_without_end_is_cut() -> None:
    row = {**MINIMAL, "name": "n" * 10**5, "warnings": ["w" * 10**5] * 100}
    state = StrategyState.from_json(row)
    assert len(state.name or "") == 500
    assert [len(said) for said in state.warnings] == [500] * 20


@pytest.mark.parametrize("told", [{}, {"network": None}, {"network": "moon"}])
def test_a_network_that_is_not_told_is_not_known(told: dict[str, Any]) -> None:
    assert Account.from_json(told).network is None


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = sorted({spec.name for kind in (StrategyState, Trade, Account, Kill) for spec in fields(kind)})


@given(
    ANY | st.dictionaries(st.sampled_from(["type", "seq", "strategies", "account", "strategy", "kill"]), ANY)
)
def test_any_message_is_read_ignored_or_not_believed(data: Any) -> None:
    with contextlib.suppress(BadAnswer):
        from_json(data)


@given(
    st.sampled_from(["snapshot", "strategy", "trade", "account", "killed"]),
    st.dictionaries(st.sampled_from(KEYS), ANY, max_size=6),
)
def test_any_content_of_a_message_is_read_or_not_believed(kind: str, content: dict[str, Any]) -> None:
    message = {
        "type": kind,
        "seq": 1,
        "account": content,
        kind: content,
        "kill": content,
        "strategies": [content],
    }
    with contextlib.suppress(BadAnswer):
        from_json(message)


@given(st.dictionaries(st.sampled_from(sorted(MINIMAL)), ANY, max_size=3))
def test_any_row_is_read_or_not_believed(content: dict[str, Any]) -> None:
    with contextlib.suppress(BadAnswer):
        StrategyState.from_json({**MINIMAL, **content})


def test_a_message_type_of_a_later_version_is_ignored() -> None:
    assert from_json({"type": "weather", "seq": 9}) == (9, None)


def test_errors_have_a_status_a_word_and_a_sentence() -> None:
    row = {"revision": 8}
    conflict = Conflict("Somebody was first.", row=row)
    assert (status_of(conflict), conflict.body()["row"]) == (409, row)
    assert status_of(NotFound("Nobody has it.")) == 404
    assert status_of(Conflict("It is killed.", code="killed")) == 409
    assert status_of(Unknown("Sent.")) == 400
    assert status_of(Refused("Too large.", code="too_large")) == 413
    assert {status for status in STATUS.values() if status >= 500} == {502, 503}
    assert "row" not in Refused("No.").body()


def test_the_sentence_of_bad_fields_is_the_first_field_s() -> None:
    error = invalid({"stop_loss_dollars": ["Must be above 0."]}, "Stop Loss ($)")
    assert error.body() == {
        "detail": "Stop Loss ($) must be above 0.",
        "code": "invalid",
        "fields": {"stop_loss_dollars": ["Must be above 0."]},
    }


def test_extra_facts_travel_beside_the_row_and_are_ignored_on_the_way_back() -> None:
    state = StrategyState.from_json(MINIMAL)
    row = wire(replace(state, extra={"day_loss": Decimal("1.50")}).to_json())
    assert row["day_loss"] == Decimal("1.50")
    assert StrategyState.from_json(row) == state


def test_a_kill_is_a_readable_line() -> None:
    kill = Kill(
        epoch=2, at="2026-11-22T08:00:00Z", cause="loss", total_pnl=Decimal("-51.5"), limit=Decimal(50)
    )
    assert str(kill) == "loss at 2026-11-22T08:00:00Z, epoch 2, gate_closed, total_pnl -51.5, limit 50"
