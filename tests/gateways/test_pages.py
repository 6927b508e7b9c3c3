"""Histories longer than a page: every row from a time on, once, whatever market fills a page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from tests.gateways.lighter_stub import ACCOUNT, BTC
from tests.gateways.stub import UNIVERSE
from venues.hyperliquid.gateway import HyperliquidGateway
from venues.hyperliquid.identity import Identity, random_address, random_key
from venues.lighter import identity as lighter_identity
from venues.lighter.gateway import new_key, open_gateway
from venues.serving.traders import TRADER_PORTS
from venues.trader.gateway import Gateway

FIRST_MS = 1_795_335_000_000
A_PAGE = {"userFillsByTime": 2000, "userFunding": 500, "trades": 100, "positionFunding": 100}
PAGES = 3


@dataclass
class Venue:
    """Keeps as many rows as a test wants, two a second, and gives them in its venue's pages."""

    url: str = ""
    foreign: range = range(0)  # which are of a market that no trader knows
    asked: list[str] = field(default_factory=list)

    async def info(self, request: web.Request) -> web.Response:
        asked = await request.json()
        name = asked["type"]
        if name == "meta":
            return web.json_response({"universe": UNIVERSE})
        self.asked.append(name)
        rows = [self.hyperliquid(name, number) for number in range(PAGES * A_PAGE[name])]
        found = [row for row in rows if row["time"] >= asked["startTime"]]
        return web.json_response(found[: A_PAGE[name]])

    def hyperliquid(self, name: str, number: int) -> dict[str, Any]:
        coin, at = "@107" if number in self.foreign else "BTC", FIRST_MS + number // 2 * 1000
        if name == "userFunding":
            return {"time": at, "delta": {"coin": ("BTC", "ETH")[number % 2], "usdc": "-0.12"}}
        return {
            "coin": coin, "px": "40000", "sz": "0.01", "side": "B", "time": at, "fee": "0.1",
            "oid": number, "tid": number,
        }  # fmt: skip

    async def read(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        if name == "orderBookDetails":
            return web.json_response({"code": 200, "order_book_details": [BTC]})
        self.asked.append(name)
        newest = [self.lighter(name, number) for number in reversed(range(PAGES * A_PAGE[name]))]
        start = int(request.query.get("cursor", 0))
        end = start + int(request.query["limit"])
        more = {"next_cursor": str(end)} if end < len(newest) else {}
        rows = {"trades": "trades", "positionFunding": "position_fundings"}[name]
        return web.json_response({"code": 200, rows: newest[start:end], **more})

    def lighter(self, name: str, number: int) -> dict[str, Any]:
        market, at = 2048 if number in self.foreign else 1, FIRST_MS + number // 2 * 1000
        if name == "positionFunding":
            return {
                "timestamp": at // 1000,
                "market_id": market,
                "funding_id": number,
                "change": "-0.12",
            }
        return {
            "trade_id": number, "market_id": market, "price": "40000.0", "size": "0.01",
            "usd_amount": "400.0", "ask_account_id": 9, "bid_account_id": ACCOUNT, "ask_id": 1,
            "bid_id": 2, "ask_client_id": 0, "bid_client_id": 7, "is_maker_ask": True, "type": "trade",
            "timestamp": at,
        }  # fmt: skip


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    running, app = Venue(), web.Application()
    app.router.add_post("/info", running.info)
    app.router.add_get("/api/v1/{name}", running.read)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield running
    await runner.cleanup()


@pytest.fixture(params=TRADER_PORTS)
async def gateway(request: pytest.FixtureRequest, venue: Venue) -> AsyncIterator[Gateway]:
    if request.param == "hyperliquid":
        opened: Gateway = HyperliquidGateway(venue.url, Identity(random_address(), random_key()))
    else:
        key = lighter_identity.ApiKey(5, *new_key())
        opened = open_gateway(venue.url, lighter_identity.Identity(ACCOUNT, key))
    yield opened
    await opened.stop()


def rows(gateway: Gateway, what: str) -> int:
    names = {"hyperliquid": ("userFillsByTime", "userFunding"), "lighter": ("trades", "positionFunding")}
    return PAGES * A_PAGE[names[gateway.venue][what == "funding"]]


async def test_every_fill_from_a_time_on_is_read_once_oldest_first(gateway: Gateway) -> None:
    count = rows(gateway, "fills")
    found = [int(one.fill_id) for one in await gateway.fills(FIRST_MS + 2000)]
    assert found == list(range(4, count))


async def test_every_payment_from_a_time_on_is_read_once_oldest_first(gateway: Gateway) -> None:
    count = rows(gateway, "funding")
    found = await gateway.funding(FIRST_MS + 2000)
    assert len({one.funding_id for one in found}) == len(found) == count - 4
    assert [one.at_ms for one in found] == [FIRST_MS + number // 2 * 1000 for number in range(4, count)]


async def test_a_page_of_foreign_markets_hides_no_fill_behind_it(gateway: Gateway, venue: Venue) -> None:
    count = rows(gateway, "fills")
    venue.foreign = range(count // 3 - 5, count * 2 // 3 + 5)
    found = [int(one.fill_id) for one in await gateway.fills(0)]
    assert found == [number for number in range(count) if number not in venue.foreign]


async def test_no_page_is_read_from_before_the_time(gateway: Gateway, venue: Venue) -> None:
    count = rows(gateway, "fills")
    recent = await gateway.fills(FIRST_MS + (count // 2 - 10) * 1000)
    assert len(recent) == 20
    assert len(venue.asked) == 1
