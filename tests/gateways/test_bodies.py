"""What each gateway makes of a body that is no answer: never an error of its own, never a wrong word."""

import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from tests.gateways.lighter_stub import ACCOUNT, BTC
from tests.gateways.stub import UNIVERSE
from venues.contract.errors import BadAnswer, Unknown, Unreachable
from venues.hyperliquid.gateway import HyperliquidGateway
from venues.hyperliquid.identity import Identity, random_address, random_key
from venues.lighter import identity as lighter_identity
from venues.lighter.gateway import new_key, open_gateway
from venues.serving.traders import TRADER_PORTS
from venues.trader.gateway import Gateway, OrderRequest

WHOLE = b'{"code":200,"status":"ok"}'
PACKED = {"Content-Encoding": "gzip"}
NONSENSE: dict[str, tuple[bytes, dict[str, str]]] = {
    "empty": (b"", {}),
    "html": (b"<html><body>Bad Gateway</body></html>", {}),
    "truncated": (b'{"code":200,"stat', {}),
    "null": (b"null", {}),
    "number": (b"7", {}),
    "text": (b'"ok"', {}),
    "list": (b"[7]", {}),
    "another object": (WHOLE, {}),
    "not gzip": (WHOLE, PACKED),
    "half of gzip": (gzip.compress(WHOLE * 50)[:-12], PACKED),
    "not utf-8": (b'{"code":200,"status":"\xff\xfe', {}),
    "not a number": (b'{"code":200,"status":"ok","response":NaN}', {}),
}


@dataclass
class Venue:
    """Answers the list of markets rightly and everything else with `body`."""

    url: str = ""
    body: bytes = b""
    headers: dict[str, str] | None = None
    status: int = 200

    async def answer(self, request: web.Request) -> web.Response:
        asked = await request.text()
        if request.path.endswith("/orderBookDetails"):
            return web.json_response({"code": 200, "order_book_details": [BTC]})
        if '"meta"' in asked:
            return web.json_response({"universe": UNIVERSE})
        return web.Response(
            status=self.status, body=self.body, headers=self.headers, content_type="application/json"
        )


@asynccontextmanager
async def running_venue() -> AsyncIterator[Venue]:
    venue, app = Venue(), web.Application()
    app.router.add_route("*", "/{path:.*}", venue.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    venue.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield venue
    finally:
        await runner.cleanup()


def gateway_of(name: str, url: str) -> Gateway:
    if name == "hyperliquid":
        return HyperliquidGateway(url, Identity(random_address(), random_key()))
    key = lighter_identity.ApiKey(5, *new_key())
    return open_gateway(url, lighter_identity.Identity(ACCOUNT, key))


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with running_venue() as running:
        yield running


@pytest.fixture(params=TRADER_PORTS)
async def gateway(request: pytest.FixtureRequest, venue: Venue) -> AsyncIterator[Gateway]:
    opened = gateway_of(request.param, venue.url)
    yield opened
    await opened.stop()


READS: dict[str, Callable[[Gateway], Awaitable[Any]]] = {
    "account": lambda gateway: gateway.account(),
    "open orders": lambda gateway: gateway.open_orders(),
    "order": lambda gateway: gateway.order("BTC", 7),
    "fills": lambda gateway: gateway.fills(0),
    "funding": lambda gateway: gateway.funding(0),
    "leverage": lambda gateway: gateway.leverage("BTC"),
    "candles": lambda gateway: gateway.candles("BTC", 2),
    "fees": lambda gateway: gateway.markets(["BTC"]),
}


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("read", READS)
async def test_i18_a_question_answered_with_nonsense_is_a_failed_read(
    gateway: Gateway, venue: Venue, read: str, nonsense: str
) -> None:
    venue.body, venue.headers = NONSENSE[nonsense]
    with pytest.raises((BadAnswer, Unreachable)):
        await READS[read](gateway)


def an_order(gateway: Gateway) -> OrderRequest:
    return OrderRequest(
        client_id=7,
        symbol="BTC",
        side="buy",
        size=Decimal("0.01"),
        price=Decimal(40_400),
        kind="entry",
        reduce_only=False,
        expires_ms=gateway.venue_ms() + 10_000,
    )


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("status", [200, 500])
async def test_an_order_answered_with_nonsense_may_have_been_taken(
    gateway: Gateway, venue: Venue, nonsense: str, status: int
) -> None:
    venue.body, venue.headers = NONSENSE[nonsense]
    venue.status = status
    with pytest.raises(Unknown):
        await gateway.place([an_order(gateway)], lambda: True)


@pytest.mark.parametrize("retry_after", [None, "7", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"])
@pytest.mark.parametrize("body", [b"null", b"", b"<html>", json.dumps({"code": 23000}).encode()])
async def test_429_is_throttled_whatever_comes_with_it(
    gateway: Gateway, venue: Venue, body: bytes, retry_after: str | None
) -> None:
    venue.status, venue.body = 429, body
    venue.headers = {"Retry-After": retry_after} if retry_after else {}
    for asked in (gateway.place([an_order(gateway)], lambda: True), gateway.account()):
        with pytest.raises(Unreachable) as caught:
            await asked
        assert caught.value.code == "throttled"
