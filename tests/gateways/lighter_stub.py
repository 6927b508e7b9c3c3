"""A Lighter of a few lines, REST and stream: answers what a test tells it to, keeps what it was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

ACCOUNT = 4711
BTC = {
    "symbol": "BTC", "market_id": 1, "status": "active", "size_decimals": 5, "price_decimals": 1,
    "min_base_amount": "0.00020", "min_quote_amount": "10.000000", "default_initial_margin_fraction": 500,
    "min_initial_margin_fraction": 200, "maintenance_margin_fraction": 120, "mark_price": "40000.0",
    "market_config": {"market_margin_mode": 0, "force_reduce_only": False},
}  # fmt: skip
ROW = {
    "index": ACCOUNT, "status": 1, "account_trading_mode": 0, "cancel_all_time": 0, "positions": [],
    "available_balance": "10000.000000", "total_asset_value": "10000.000000",
}  # fmt: skip
BAD_TOKEN = '{"code":20013,"message":"invalid auth: expired"}'


def order_row(client_id: int, status: str, **more: Any) -> dict[str, Any]:
    """Give an order as the venue tells it."""
    return {
        "order_index": 281474976710657, "client_order_index": client_id, "market_index": 1,
        "price": "40400.0",
        "initial_base_amount": "0.01000", "filled_base_amount": "0.00000", "is_ask": False, "type": "market",
        "reduce_only": False, "trigger_price": "0.0", "status": status, "trigger_status": "na",
        "timestamp": 1795335000000, **more,
    }  # fmt: skip


@dataclass
class Stub:
    """What was sent, what the next sends are answered with, and what the venue knows of orders."""

    url: str = ""
    sent: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    stream_tokens: list[str] = field(default_factory=list)
    refused_tokens: set[str] = field(default_factory=set)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    nonce: int = 0
    equity: str = "10000.000000"  # of the account's row; the stream's own figure stays
    wait_s: list[float] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    on_send: Callable[[dict[str, Any]], None] = lambda _info: None

    @property
    def nonces(self) -> list[int]:
        return [info["Nonce"] for _, info in self.sent]

    async def send_tx(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl(await request.text()))
        info = json.loads(form["tx_info"])
        self.sent.append((int(form["tx_type"]), info))
        status, text = self.answers.pop(0) if self.answers else (200, '{"code":200,"tx_hash":"ab"}')
        if self.wait_s:
            await asyncio.sleep(self.wait_s.pop(0))
        if status == 200:
            self.on_send(info)
        return web.Response(status=status, text=text, content_type="application/json")

    async def read(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        self.asked.append(name)
        token = request.headers.get("Authorization", "")
        if token:
            self.tokens.append(token)
        if token in self.refused_tokens:
            return web.Response(status=400, text=BAD_TOKEN, content_type="application/json")
        wanted = request.query.get("client_order_indexes", "0").split(",")
        known = [self.orders[int(one)] for one in wanted if int(one) in self.orders]
        bodies: dict[str, dict[str, Any]] = {
            "orderBookDetails": {"order_book_details": [BTC]},
            "account": {"accounts": [{**ROW, "total_asset_value": self.equity}]},
            "accountOrders": {"orders": known},
            "nextNonce": {"nonce": self.nonce},
        }
        return web.json_response({"code": 200, **bodies.get(name, {})})

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "connected", "session_id": "1"})
        async for message in socket:
            asked = json.loads(message.data) if message.type == WSMsgType.TEXT else {}
            if asked.get("type") == "subscribe":
                await self.snapshot(socket, asked)
        return socket

    async def snapshot(self, socket: web.WebSocketResponse, asked: dict[str, Any]) -> None:
        name, _, rest = asked["channel"].partition("/")
        if asked.get("auth"):
            self.stream_tokens.append(asked["auth"])
        if asked.get("auth") in self.refused_tokens:
            await socket.send_json({"error": {"code": 20013, "message": "invalid auth: expired"}})
            return
        stats = {"portfolio_value": "10000.000000", "available_balance": "10000.000000"}
        bodies: dict[str, dict[str, Any]] = {
            "market_stats": {"market_stats": {"market_id": 1, "mark_price": "40000.0"}},
            "candle": {"candles": []},
            "account_all_orders": {"orders": {}},
            "account_all_trades": {"trades": {}},
            "account_all_positions": {"positions": {}},
            "account_all_assets": {"assets": {}},
            "user_stats": {"stats": stats, "timestamp": 1795335000000},
        }
        channel = f"{name}:{rest.replace('/', ':')}"
        frame = {"type": f"subscribed/{name}", "channel": channel, **bodies[name]}
        await socket.send_json(frame)

    async def tell(self, *rows: dict[str, Any]) -> None:
        """Tell orders on every socket."""
        frame = {"type": "update/account_all_orders", "channel": f"account_all_orders:{ACCOUNT}"}
        for socket in self.sockets:
            if not socket.closed:
                await socket.send_json({**frame, "orders": {"1": list(rows)}})


@asynccontextmanager
async def running_lighter() -> AsyncIterator[Stub]:
    """Give a stub on a free port until the block ends."""
    stub = Stub()
    app = web.Application()
    app.router.add_post("/api/v1/sendTx", stub.send_tx)
    app.router.add_get("/stream", stub.stream)
    app.router.add_get("/api/v1/{name}", stub.read)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stub
    finally:
        for socket in stub.sockets:
            await socket.close()
        await runner.cleanup()
