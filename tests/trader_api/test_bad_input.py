"""Bad input changes nothing, names the field, and is never a 5xx: the table of tests/bad_input.py."""

import pytest

from tests.bad_input import (
    BAD_BODIES,
    BAD_MEDIA_TYPES,
    BAD_NAMES,
    BAD_NUMBERS,
    BAD_REVISIONS,
    BAD_SEGMENTS,
    BadBody,
)
from tests.trader_api.asgi_client import Answer
from tests.trader_api.conftest import Ask
from tests.trader_api.fake_engine import FakeEngine

SETTINGS = "/api/strategies/momentum/BTC/settings"
COMMANDS = {
    "enable": ["revision"],
    "disable": ["revision"],
    "reset-kill-switch": ["epoch", "force"],
    "kill": ["flatten", "reason"],
    "close": [],
}
NOBODY = ["nobody/BTC", "momentum/DOGE", "Momentum/BTC", "momentum/btc", "BTC/momentum", "0/0", "a..b/B..C"]
NOBODY += ["momentum/%40107", "momentum/xyz%3ATSLA", "momentum/@107", "momentum/xyz:TSLA"]
ESCAPED = BadBody("half a character, escaped", b'{"stop_loss_dollars": 4, "\\ud800": 1}')


def refused(answer: Answer, status: int, code: str, field: str | None) -> None:
    body = answer.json()
    assert (answer.status, body["code"]) == (status, code)
    assert body["detail"]
    if field is not None:
        assert body["fields"][field]


def test_the_table_has_at_least_two_hundred_rows() -> None:
    names = sum(map(len, BAD_NAMES.values()))
    rows = len(BAD_NUMBERS) + len(BAD_REVISIONS) + len(BAD_BODIES) + len(BAD_SEGMENTS) + names
    assert rows >= 200


@pytest.mark.parametrize(("field", "literal"), BAD_NUMBERS, ids=lambda text: text[:24])
async def test_i11_a_bad_number_is_refused_by_field(
    program: Ask, engine: FakeEngine, field: str, literal: str
) -> None:
    before = engine.rows()
    refused(await program("PUT", SETTINGS, f'{{"{field}": {literal}}}'), 400, "invalid", field)
    item = f'[{{"strategy_id": "momentum", "symbol": "BTC", "{field}": {literal}}}]'
    answer = await program("PUT", "/api/strategies/settings", item)
    assert (answer.status, answer.json()["items"][0]["index"]) == (400, 0)
    assert field in answer.json()["items"][0]["fields"]
    assert (engine.asked, engine.rows()) == ([], before)


@pytest.mark.parametrize("bad", [*BAD_BODIES, ESCAPED], ids=lambda bad: bad.name)
async def test_i11_a_bad_body_is_refused(program: Ask, engine: FakeEngine, bad: BadBody) -> None:
    refused(await program("PUT", SETTINGS, bad.body), 400, bad.code, bad.field)
    assert engine.asked == []


@pytest.mark.parametrize("literal", BAD_REVISIONS)
async def test_i11_a_bad_revision_is_refused_by_field(program: Ask, engine: FakeEngine, literal: str) -> None:
    body = f'{{"stop_loss_dollars": 4, "revision": {literal}}}'
    refused(await program("PUT", SETTINGS, body), 400, "invalid", "revision")
    assert engine.asked == []


async def at(program: Ask, names: str) -> list[Answer]:
    """Ask every kind of endpoint of one strategy."""
    path = f"/api/strategies/{names}"
    return [
        await program("GET", path),
        await program("PUT", f"{path}/settings", '{"stop_loss_dollars": 4}'),
        *[await program("POST", f"{path}/{command}") for command in COMMANDS],
    ]


@pytest.mark.parametrize(("field", "name"), [(f, name) for f in BAD_NAMES for name in BAD_NAMES[f]])
async def test_i11_a_bad_name_is_refused_by_field(
    program: Ask, engine: FakeEngine, field: str, name: str
) -> None:
    names = f"{name}/BTC" if field == "strategy_id" else f"momentum/{name}"
    for answer in await at(program, names):
        refused(answer, 400, "invalid", field)
    assert engine.asked == []


@pytest.mark.parametrize("segment", BAD_SEGMENTS)
async def test_a_path_that_could_be_read_in_two_ways_is_refused(
    program: Ask, engine: FakeEngine, segment: bytes
) -> None:
    for names in (f"{segment.decode()}/BTC", f"momentum/{segment.decode()}"):
        for answer in await at(program, names):
            refused(answer, 400, "bad_path", None)
    assert engine.asked == []


@pytest.mark.parametrize("names", [*NOBODY, "a" * 64 + "/" + "B" * 32])
async def test_a_well_formed_name_nobody_has_is_404(program: Ask, engine: FakeEngine, names: str) -> None:
    for answer in await at(program, names):
        refused(answer, 404, "not_found", None)
    assert engine.asked == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "value", ["-1", "1.5", '"7"', "null", "1e3", "[]", "{}", "NaN", '"\\u0000"', '"\\ud800"']
)
async def test_i11_a_bad_option_of_a_command_is_refused_by_field(
    program: Ask, engine: FakeEngine, command: str, value: str
) -> None:
    for field in [*COMMANDS[command], "unknown"]:
        if field == "reason" and value == '"7"':
            continue
        answer = await program("POST", f"/api/strategies/momentum/BTC/{command}", f'{{"{field}": {value}}}')
        assert answer.status == 400, field
        assert field in answer.json()["fields"] or answer.json()["code"] == "bad_json"
    assert engine.asked == []


@pytest.mark.parametrize("body", ["[]", "3", "null", '"kill"', "{", "flatten=1"])
@pytest.mark.parametrize("command", COMMANDS)
async def test_i11_a_command_takes_an_object_or_nothing(
    program: Ask, engine: FakeEngine, command: str, body: str
) -> None:
    answer = await program("POST", f"/api/strategies/momentum/BTC/{command}", body)
    assert answer.status == 400
    assert engine.asked == []


FORMS = ("", "application/x-www-form-urlencoded", "multipart/form-data")


@pytest.mark.parametrize("kind", [*FORMS, *BAD_MEDIA_TYPES])
async def test_anything_but_json_is_415(program: Ask, engine: FakeEngine, kind: str) -> None:
    answer = await program("PUT", SETTINGS, '{"stop_loss_dollars": 4}', **{"content-type": kind})
    assert (answer.status, answer.json()["code"]) == (415, "unsupported_media_type")
    assert engine.asked == []


async def test_a_body_over_64_kib_is_413_and_a_list_may_have_four_mib(
    program: Ask, engine: FakeEngine
) -> None:
    large = '{"stop_loss_dollars": 4, "revision": 1}' + " " * 65536
    assert (await program("PUT", SETTINGS, large)).status == 413
    assert (await program("POST", "/api/strategies/momentum/BTC/kill", large)).status == 413
    listed = '[{"strategy_id": "momentum", "symbol": "BTC", "stop_loss_dollars": 4}]' + " " * 3_500_000
    assert (await program("PUT", "/api/strategies/settings", listed)).status == 200
    assert (await program("PUT", "/api/strategies/settings", listed + " " * 1_000_000)).status == 413


@pytest.mark.parametrize(
    "path", ["/api/strategies", "/api/account", SETTINGS, "/api/strategies/momentum/BTC/kill"]
)
@pytest.mark.parametrize("method", ["PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_another_method_is_405_and_says_which_there_are(
    program: Ask, engine: FakeEngine, path: str, method: str
) -> None:
    answer = await program(method, path)
    assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"]
    assert engine.asked == []


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/strategies/", "/api/strategies/a", "/nothing"]
)
async def test_an_unknown_path_is_404_in_json(program: Ask, path: str) -> None:
    answer = await program("GET", path)
    assert (answer.status, answer.json()["code"]) == (404, "not_found")
