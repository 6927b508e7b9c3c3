"""Who gets past the trader's faces: token, loopback, HTTP Basic, Host and Origin."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.trader_api.asgi_client import Socket
from tests.trader_api.conftest import PROGRAM, TOKEN, Ask
from tests.trader_api.fake_engine import FakeEngine
from venues.trader import access

PROTECTED = [
    ("GET", "/api/strategies"),
    ("GET", "/api/strategies/momentum/BTC"),
    ("PUT", "/api/strategies/momentum/BTC/settings"),
    ("PUT", "/api/strategies/settings"),
    *(
        ("POST", f"/api/strategies/momentum/BTC/{word}")
        for word in ("enable", "disable", "reset-kill-switch", "kill", "close")
    ),
    *(("GET", f"/api/{word}") for word in ("account", "positions", "orders", "trades", "equity", "nothing")),
    ("GET", "/metrics"),
]
WRONG = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    f"Bearer {TOKEN}x",
    f"Bearer {TOKEN[:-1]}",
    f"Token {TOKEN}",
    TOKEN,
    "Bearer gr\xfc\xdfe",
    "B\xe4rer " + TOKEN,
    "Bearer \x00",
    "Basic " + base64.b64encode(f"any:{TOKEN}".encode()).decode(),
]
SocketTo = Callable[..., Socket]


def basic(password: bytes) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(b"any:" + password).decode()}


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_i12_no_api_path_answers_without_the_token(
    anyone: Ask, engine: FakeEngine, method: str, path: str
) -> None:
    answer = await anyone(method, path)
    assert (answer.status, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert engine.asked == []


@pytest.mark.parametrize("credentials", WRONG)
async def test_i12_a_wrong_token_is_401_and_never_an_error(
    anyone: Ask, engine: FakeEngine, credentials: str
) -> None:
    path = "/api/strategies/momentum/BTC/kill"
    answer = await anyone("POST", path, headers={"authorization": credentials})
    assert answer.status == 401
    assert engine.asked == []


async def test_an_empty_token_in_force_lets_nobody_in(anyone: Ask, trader_settings: Settings) -> None:
    trader_settings.TRADER_TOKEN = ""
    for credentials in ("Bearer ", "Bearer", ""):
        answer = await anyone("GET", "/api/strategies", headers={"authorization": credentials})
        assert answer.status == 401


async def test_the_token_opens_the_api_from_anywhere(anyone: Ask) -> None:
    assert (await anyone("GET", "/api/strategies", headers=PROGRAM, client="10.0.0.7")).status == 200


async def test_healthz_is_open_to_everybody(anyone: Ask) -> None:
    answer = await anyone("GET", "/healthz", client="10.0.0.7")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/", "/nothing", "/admin", "/API/strategies", "/ws/"])
async def test_what_is_no_api_is_open_from_loopback_only(anyone: Ask, path: str) -> None:
    assert (await anyone("GET", path)).status != 401
    assert (await anyone("GET", path, client="::1")).status != 401
    answer = await anyone("GET", path, client="10.0.0.7")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="trader"')


async def test_elsewhere_the_token_is_the_pages_password(anyone: Ask) -> None:
    async def status(headers: dict[str, str]) -> int:
        return (await anyone("GET", "/", headers=headers, client="10.0.0.7")).status

    assert await status(basic(TOKEN.encode())) != 401
    for headers in (basic(b"wrong"), basic(b""), basic(b"\xff\xfe"), {"authorization": "Basic ///"}, PROGRAM):
        assert await status(headers) == 401


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
async def test_a_client_behind_a_proxy_is_not_on_loopback(anyone: Ask, header: str) -> None:
    assert (await anyone("GET", "/", headers={header: "127.0.0.1"})).status == 401


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.", "10.0.0.7:9002", "", "@", "[::1", "a:b:c"],
)
async def test_a_host_that_is_not_ours_is_refused_everywhere(
    anyone: Ask, socket: SocketTo, engine: FakeEngine, host: str
) -> None:
    for path in ("/healthz", "/", "/api/strategies"):
        assert (await anyone("GET", path, headers={**PROGRAM, "host": host})).status == 400
    async with socket(headers={**PROGRAM, "host": host}) as refused:
        assert not refused.accepted


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:9002", "localhost:1", "LOCALHOST", "[::1]", "[::1]:9002"]
)
async def test_loopback_hosts_are_ours_on_any_port(anyone: Ask, host: str) -> None:
    assert (await anyone("GET", "/healthz", headers={"host": host})).status == 200


async def test_bind_is_ours(anyone: Ask, trader_settings: Settings) -> None:
    trader_settings.ALLOWED_HOSTS = ["127.0.0.1", "10.0.0.5"]
    assert (await anyone("GET", "/healthz", headers={"host": "10.0.0.5:9002"})).status == 200


@pytest.mark.parametrize("credentials", WRONG)
async def test_a_handshake_without_the_token_is_refused(socket: SocketTo, credentials: str) -> None:
    async with socket(headers={"authorization": credentials}) as refused:
        assert not refused.accepted


async def test_the_pages_socket_is_open_from_loopback_and_elsewhere_by_password(socket: SocketTo) -> None:
    async def is_let_in(headers: dict[str, str], client: str) -> bool:
        async with socket("/ws/page", headers=headers, client=client) as opened:
            return opened.accepted

    assert await is_let_in({}, "127.0.0.1")
    assert await is_let_in(basic(TOKEN.encode()), "10.0.0.7")
    assert not await is_let_in({}, "10.0.0.7")
    assert not await is_let_in(basic(b"wrong"), "10.0.0.7")
    assert not await is_let_in({"origin": "http://evil.example"}, "127.0.0.1")


async def test_a_foreign_page_opens_no_socket(socket: SocketTo) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9004", "file://"):
        async with socket(headers={**PROGRAM, "origin": origin}) as refused:
            assert not refused.accepted
    async with socket(headers={**PROGRAM, "origin": "http://127.0.0.1:9002"}) as opened:
        assert opened.accepted


@pytest.mark.parametrize("path", ["/nothing", "/ws/", "/api/strategies", "/ws%2Fpage"])
async def test_a_socket_of_no_path_is_refused(socket: SocketTo, path: str) -> None:
    async with socket(path) as refused:
        assert not refused.accepted


async def test_every_answer_carries_the_security_headers(anyone: Ask, program: Ask) -> None:
    for answer in [
        await anyone("GET", "/healthz"),
        await anyone("GET", "/api/x"),
        await anyone("GET", "/%2F"),
    ]:
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("bind", "token", "generated", "acceptable"),
    [
        ("127.0.0.1", "weak", False, True),
        ("::1", "weak", False, True),
        ("localhost", "weak", False, True),
        ("0.0.0.0", "weak", False, False),
        ("10.0.0.5", "a" * 64, False, False),
        ("10.0.0.5", "vJmVdW0cI1cQb3s5YkFv2nR8xT6pLqZ7hGdNfEuKoMi", False, True),
        ("10.0.0.5", "whatever was kept", True, True),
    ],
)
def test_beyond_loopback_only_a_generated_token_will_do(
    trader_settings: Settings, monkeypatch: Any, bind: str, token: str, generated: bool, acceptable: bool
) -> None:
    trader_settings.TRADER_BIND, trader_settings.TRADER_TOKEN = bind, token
    if not generated:
        monkeypatch.setenv(trader_settings.TOKEN_NAME, token)
    said = access.weak_token()
    assert (said is None) == acceptable
    assert said is None or token not in said
