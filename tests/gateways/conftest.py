"""One paper exchange for a file of tests, and in each test an account of its own at each venue."""

import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.gateways.proxy import Proxy, running_proxy
from tests.gateways.stub import until
from tests.processes.product import free_port
from venues.serving.traders import TRADER_PORTS
from venues.trader.gateway import (
    BuySell,
    Connected,
    Event,
    Gateway,
    Market,
    OrderKind,
    OrderReply,
    OrderRequest,
    OrderState,
)

ROOT = Path(__file__).resolve().parents[2]
# Prices that stand still fill in one part at once; a test that wants less says so.
PLAIN = "mark,spread,jumps,parts,partial_ioc,late_funding,rejects"
START_LIMIT_S = 30.0
SYMBOLS = ["BTC", "ETH", "SOL"]


class Exchange:
    """A paper exchange in a process of its own, with its `/paper` door."""

    def __init__(
        self, folder: Path, speed: int = 0, command: Sequence[str] = ("manage.py", "runexchange")
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._http = requests.Session()
        self._http.trust_env = False
        self._log = (folder / "exchange.log").open("w")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={
                **kept,
                "EXCHANGE_FEED": "synthetic",
                "EXCHANGE_SEED": "7",
                "EXCHANGE_SPEED": str(speed),
                "EXCHANGE_WITHOUT": PLAIN,
                "EXCHANGE_PORT": str(self.port),
                "VAR_DIR": str(folder),
                "ENV_FILE": str(folder / "none"),
            },
        )

    def wait_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                self.state()
            except (requests.RequestException, ValueError):
                assert self._process.poll() is None, f"the exchange ended at its start:\n{self.log()}"
                assert time.monotonic() < deadline, f"the exchange does not answer:\n{self.log()}"
                time.sleep(0.05)
            else:
                return

    def log(self) -> str:
        return Path(self._log.name).read_text()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(self.url + path, json=body, timeout=5)
        assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def state(self) -> dict[str, Any]:
        answer = self._http.get(f"{self.url}/paper/state", timeout=5)
        answer.raise_for_status()
        return dict(answer.json())

    def jump(self, symbol: str, price: Decimal | int | str) -> None:
        self.post("/paper/price", {"symbol": symbol, "price": str(price)})

    def mark(self, symbol: str) -> Decimal:
        return Decimal(self.state()["prices"][symbol]["mark"])

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._log.close()
        self._http.close()


@dataclass
class Trading:
    """One account at one venue: its gateway, what it heard, and the exchange behind it."""

    gateway: Gateway
    exchange: Exchange
    proxy: Proxy
    opened: "Opened"
    events: list[Event] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    market: Market | None = None

    async def begin(self, symbol: str = "BTC") -> Market:
        """Stream, and give the market of a symbol."""
        await self.gateway.start(self.events.append, SYMBOLS)
        await until(lambda: self.heard(Connected))
        self.market = (await self.gateway.markets([symbol]))[symbol]
        return self.market

    def heard(self, kind: type) -> list[Any]:
        return [one for one in self.events if isinstance(one, kind)]

    def order(
        self,
        side: BuySell,
        size: str,
        kind: OrderKind = "entry",
        symbol: str = "BTC",
        price: Decimal | None = None,
        **more: Any,
    ) -> OrderRequest:
        """An IOC order that crosses by 1 %, unless told otherwise."""
        if price is None:
            assert self.market
            away = Decimal("1.01") if side == "buy" else Decimal("0.99")
            price = self.market.price_up(self.exchange.mark(symbol) * away)
        more = {"reduce_only": kind != "entry", **more}
        return OrderRequest(
            client_id=next(self.numbers),
            symbol=symbol,
            side=side,
            size=Decimal(size),
            price=price,
            kind=kind,
            **more,
        )

    def stop_order(self, side: BuySell, size: str, trigger: Decimal, symbol: str = "BTC") -> OrderRequest:
        assert self.market
        worst = trigger * (1 - self.market.stop_worst if side == "sell" else 1 + self.market.stop_worst)
        return self.order(side, size, "stop", symbol, self.market.price_up(worst), trigger=trigger, ioc=False)

    async def place(
        self, *orders: OrderRequest, permit: Callable[[], bool] = lambda: True
    ) -> list[OrderReply]:
        return await self.gateway.place(orders, permit, closing=orders[0].kind != "entry")

    async def fate(self, order: OrderRequest) -> OrderState:
        found = await self.gateway.order(order.symbol, order.client_id)
        assert found is not None
        return found

    async def known(self, order: OrderRequest) -> OrderState:
        """The fate of an order whose answer was lost, once the venue has carried it out."""
        for _ in range(20):
            found = await self.gateway.order(order.symbol, order.client_id)
            if found is not None:
                return found
            await asyncio.sleep(0.2)
        raise AssertionError("the venue never knew the order")

    async def becomes(self, order: OrderRequest, status: str) -> OrderState:
        """Wait until the stream has told a status of an order; give the state it told."""

        def told() -> list[OrderState]:
            states = [one for one in self.heard(OrderState) if one.client_id == order.client_id]
            return [one for one in states if one.status == status]

        await until(told)
        return told()[-1]


@pytest.fixture(scope="module")
def exchange(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """A market that stands still, or that runs at the module's SPEED."""
    running = Exchange(tmp_path_factory.mktemp("exchange"), getattr(request.module, "SPEED", 0))
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


@dataclass(frozen=True)
class Ways:
    """Where venues really differ: what each says of a refusal, and what it makes of a stop."""

    says: dict[str, str]
    orders: str  # how the request that carries an order begins, for the proxy that loses its answer
    stop_past_its_trigger: str
    stop_of_a_partial_fill: str


@dataclass(frozen=True)
class Opened:
    """A gateway, its account's name as `/paper/accounts` takes it, and a stranger's gateway."""

    gateway: Gateway
    account: dict[str, Any]
    stranger: Gateway
    ways: Ways


@pytest.fixture(params=TRADER_PORTS)
async def trading(request: pytest.FixtureRequest, exchange: Exchange) -> AsyncIterator[Trading]:
    """An account of its own with 10 000 USD, at prices of 40 000, 3 000 and 150."""
    for symbol, price in (("BTC", 40_000), ("ETH", 3_000), ("SOL", 150)):
        exchange.jump(symbol, price)
    with running_proxy(exchange.port) as proxy:
        opened: Opened = import_module(f"tests.gateways.{request.param}").open_venue(
            exchange, proxy.url, "10000"
        )
        proxy.orders = opened.ways.orders
        yield Trading(opened.gateway, exchange, proxy, opened)
        await opened.gateway.stop()
        await opened.stranger.stop()
