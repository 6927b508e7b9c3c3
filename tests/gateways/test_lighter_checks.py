"""What Lighter's answers say against trading, one by one."""

from collections.abc import Coroutine
from typing import Any

import pytest

from tests.gateways.lighter_stub import ROW
from venues.contract.errors import BadAnswer, Unreachable
from venues.lighter import checks
from venues.lighter.budget import Budget
from venues.lighter.reader import Reader
from venues.trader.gateways.clock import VenueClock

NOW_MS = 1_795_335_000_000


async def given(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


def against(**changed: Any) -> Coroutine[Any, Any, list[str]]:
    clock = VenueClock(wall=lambda: NOW_MS)
    status = {"status": 200, "timestamp": NOW_MS // 1000, **changed.get("status", {})}
    row = changed["row"] if isinstance(changed.get("row"), Exception) else {**ROW, **changed.get("row", {})}
    return checks.speaking_against(given(status), given(row), given(changed.get("keys")), clock)


async def test_nothing_speaks_against_a_sound_account() -> None:
    assert await against() == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"row": {"status": 0}}, "not active"),
        ({"row": {"account_trading_mode": 1}}, "trading mode is 1"),
        ({"row": {"cancel_all_time": NOW_MS + 600_000}}, "take the stops away"),
        ({"row": {"status": "1"}}, "not active"),
        ({"row": Unreachable("away")}, "account cannot be checked"),
        ({"row": BadAnswer("nonsense")}, "account cannot be checked"),
        ({"status": {"status": 503}}, "not trading normally"),
        ({"status": {"timestamp": "soon"}}, "venue cannot be checked"),
        ({"status": {"timestamp": NOW_MS // 1000 + 3}}, "clock"),
        ({"status": {"timestamp": NOW_MS // 1000 + 600}}, "nothing can be closed"),
        ({"keys": "private key does not match"}, "API key"),
    ],
)
async def test_each_answer_can_speak_against_trading(changed: dict[str, Any], says: str) -> None:
    said = await against(**changed)
    assert any(says in sentence for sentence in said), said


def test_a_chain_that_is_not_the_one_named_is_said() -> None:
    assert checks.chain(300, 300) == []
    assert checks.chain(304, 300)


class Answer:
    """A refusal that has nothing to do with the token."""

    status = 400

    async def read(self) -> bytes:
        return b'{"code":20001,"message":"invalid param"}'


async def test_only_a_refused_token_is_asked_again() -> None:
    made, asked = [], []

    async def make_token(life_s: int) -> str:
        made.append(life_s)
        return f"token {len(made)}"

    async def ask(token: str) -> Any:
        asked.append(token)
        return Answer()

    reader = Reader(Budget("reads", 60, 15), make_token)
    with pytest.raises(BadAnswer):
        await reader.ask_private(ask)
    assert asked == ["token 1"]
