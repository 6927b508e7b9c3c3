"""A trader on loopback that follows api.md, section 2, in a thread, with faults to switch on."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from venues.contract.limits import LIMIT_NAMES, SPEC, RiskLimits
from venues.contract.names import StrategyKey
from venues.contract.states import Account, Kill, StrategyState, Trade
from venues.serving.parsers import dump_json

BTC = StrategyKey("momentum", "BTC")
ETH = StrategyKey("mean-reversion", "ETH")
MINIMAL_FIELDS = ("strategy_id", "symbol", "enabled", *LIMIT_NAMES, "is_killed", "total_pnl", "model_reward")


def state(key: StrategyKey = BTC, **fields: Any) -> StrategyState:
    limits = RiskLimits(**{name: Decimal(str(fields.pop(name))) for name in LIMIT_NAMES if name in fields})
    given: dict[str, Any] = {
        "enabled": True, "limits": limits, "is_killed": False, "total_pnl": Decimal("-12.34"),
        "model_reward": Decimal("123.4"), "name": key.strategy_id.title(), "revision": 0, "leverage": 5,
        "drawdown": Decimal("15.02"), "as_of": "2026-11-22T07:47:05.123456Z",
    }  # fmt: skip
    return StrategyState(strategy_id=key.strategy_id, symbol=key.symbol, **(given | fields))


class Refusal(Exception):
    def __init__(
        self,
        status: int,
        code: str,
        row: StrategyState | None = None,
        fields: dict[str, list[str]] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.row = status, code, row
        self.fields = fields or {}
        self.detail = f"Refused: {code}."
        for name, said in self.fields.items():
            self.detail = f"{SPEC[name].label} {said[0][:1].lower()}{said[0][1:]}"


class Connection:
    """One WebSocket: `protocol` frames, the handler's socket carries."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.protocol = ServerProtocol()
        self.seq = 0
        self.lock = threading.Lock()

    def send(self, message: dict[str, Any], skip: int = 0) -> None:
        with self.lock, contextlib.suppress(OSError):
            self.seq += 1 + skip
            self.protocol.send_text(dump_json({**message, "seq": self.seq}).encode())
            self.sock.sendall(b"".join(self.protocol.data_to_send()))


class FakeTrader:
    """`with FakeTrader() as trader:` listens on a free port of loopback; `start` and `stop` at will."""

    def __init__(
        self, *states: StrategyState, token: str = "a-token", minimal: bool = False, beat_s: float = 0.2
    ) -> None:
        self.states = {StrategyKey(one.strategy_id, one.symbol): one for one in states or [state()]}
        self.account = Account(
            equity=Decimal("10012.5"), margin_used=Decimal("40.1"), network="paper", connected=True
        )
        self.trades: list[Trade] = []
        self.token, self.minimal, self.beat_s = token, minimal, beat_s
        self.port = 0
        self.commands: list[tuple[str, StrategyKey, dict[str, Any]]] = []
        self.max_risk = Decimal(5)
        self.flat = True
        self.answer: Callable[[Handler], bool] | None = None  # a fault: True when it has answered
        self.thawed = threading.Event()
        self.thawed.set()
        self.lock = threading.RLock()
        self.sockets: set[Connection] = set()
        self.open: set[socket.socket] = set()
        self.server: ThreadingHTTPServer | None = None
        self.resyncs = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "FakeTrader":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.thawed.set()
        self.stop()

    def start(self) -> None:
        handler = type("BoundHandler", (Handler,), {"trader": self})
        self.server = Server(("127.0.0.1", self.port), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        threading.Thread(target=self._beat, args=(self.server,), daemon=True).start()

    def stop(self) -> None:
        if self.server is None:
            return
        server, self.server = self.server, None
        server.shutdown()
        server.server_close()
        for held in list(self.open):
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Stop answering while every connection stays open, as SIGSTOP does."""
        self.thawed.clear()

    def thaw(self) -> None:
        self.thawed.set()

    def _beat(self, server: ThreadingHTTPServer) -> None:
        while self.server is server:
            if self.thawed.is_set():
                self.say({"type": "heartbeat"})
            time.sleep(self.beat_s)

    def say(self, message: dict[str, Any], skip: int = 0) -> None:
        for connection in list(self.sockets):
            connection.send(message, skip)

    def snapshot(self) -> dict[str, Any]:
        rows = [one.to_json() for one in self.states.values()]
        return {"type": "snapshot", "strategies": rows, "account": self.account.to_json()}

    def report(self, key: StrategyKey = BTC, tell: bool = True, **changes: Any) -> StrategyState:
        """Change what the trader holds, behind PM's back, and push it."""
        with self.lock:
            held = self.states[key]
            limits = {name: Decimal(str(changes.pop(name))) for name in LIMIT_NAMES if name in changes}
            self.states[key] = replace(held, limits=held.limits.changed(limits), **changes)
            if tell:
                self.say({"type": "strategy", "strategy": self.states[key].to_json()})
            return self.states[key]

    def trip(self, key: StrategyKey = BTC, cause: str = "loss") -> None:
        """Kill, as the trader's own check does."""
        held = self.states[key]
        kill = Kill(
            epoch=held.epoch, at="2026-11-22T08:00:00Z", cause=cause, total_pnl=held.total_pnl,
            limit=held.limits.max_strategy_loss, state="flat_confirmed" if self.flat else "gate_closed",
        )  # fmt: skip
        names = {"strategy_id": key.strategy_id, "symbol": key.symbol}
        self.say({"type": "killed", **names, "kill": kill.to_json()})
        self.report(key, is_killed=True, kill=kill)

    def told(self, verb: str) -> list[dict[str, Any]]:
        """Give the bodies of the commands of one verb, in the order in which they came."""
        return [body for name, _, body in self.commands if name == verb]

    def obey(self, verb: str, key: StrategyKey, body: dict[str, Any]) -> StrategyState:
        with self.lock:
            self.commands.append((verb, key, body))
            if key not in self.states:
                raise Refusal(404, "not_found")
            done: StrategyState = getattr(self, "do_" + verb.replace("-", "_"))(
                key, self.states[key], dict(body)
            )
            return done

    def do_settings(self, key: StrategyKey, held: StrategyState, body: dict[str, Any]) -> StrategyState:
        revision = body.pop("revision", None)
        limits = held.limits.changed({name: Decimal(value) for name, value in body.items()})
        if self._done(held, revision, limits == held.limits):
            return held
        if limits.risk_per_trade > self.max_risk:
            said = f"Must be at most {self.max_risk} at this trader."
            raise Refusal(409, "rejected", held, {"risk_per_trade": [said]})
        changes: dict[str, Any] = {**limits.to_json(), "revision": self._later(held, revision)}
        return self.report(key, **changes)

    def _done(self, held: StrategyState, revision: int | None, same: bool) -> bool:
        if revision is None or self.minimal or revision > (held.revision or 0):
            return False
        if revision < (held.revision or 0):
            raise Refusal(409, "conflict", held)
        if not same:
            raise Refusal(409, "revision_reused", held)
        return True

    def _later(self, held: StrategyState, revision: int | None) -> int | None:
        return held.revision if revision is None or self.minimal else revision

    def do_enable(self, key: StrategyKey, held: StrategyState, body: dict[str, Any]) -> StrategyState:
        if held.is_killed:
            raise Refusal(409, "killed", held)
        if self._done(held, body.get("revision"), held.enabled):
            return held
        return self.report(key, enabled=True, revision=self._later(held, body.get("revision")))

    def do_disable(self, key: StrategyKey, held: StrategyState, body: dict[str, Any]) -> StrategyState:
        if self._done(held, body.get("revision"), not held.enabled):
            return held
        return self.report(key, enabled=False, revision=self._later(held, body.get("revision")))

    def do_kill(self, key: StrategyKey, held: StrategyState, body: dict[str, Any]) -> StrategyState:
        if not held.is_killed:
            self.trip(key, "operator")
        return self.states[key]

    def do_reset_kill_switch(
        self, key: StrategyKey, held: StrategyState, body: dict[str, Any]
    ) -> StrategyState:
        epoch = body.get("epoch")
        if epoch is not None and epoch < held.epoch:
            return held
        if epoch is not None and epoch > held.epoch:
            raise Refusal(409, "epoch", held)
        if not held.is_killed:
            raise Refusal(409, "not_killed", held)
        if not self.flat and not body.get("force"):
            raise Refusal(409, "not_flat", held)
        return self.report(key, is_killed=False, kill=None, epoch=held.epoch + 1, total_pnl=Decimal(0))

    def do_close(self, key: StrategyKey, held: StrategyState, body: dict[str, Any]) -> StrategyState:
        return self.report(key, position=None)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that time out leave broken pipes


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    trader: FakeTrader

    def setup(self) -> None:
        super().setup()
        self.trader.open.add(self.connection)

    def finish(self) -> None:
        self.trader.open.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *args: Any) -> None:
        pass

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.trader.thawed.wait()
        if self.trader.answer is not None and self.trader.answer(self):
            return
        if self.headers.get("Authorization") != f"Bearer {self.trader.token}":
            self.say(401, {"detail": "No.", "code": "not_authenticated", "fields": {}})
        elif self.path == "/ws" and not self.trader.minimal:
            self.hold_socket()
        elif self.command == "GET":
            self.read()
        else:
            self.order(json.loads(body or b"{}", parse_float=Decimal))

    do_GET = do_PUT = do_POST = handle_one

    def read(self) -> None:
        trader = self.trader
        if self.path == "/api/strategies" and trader.minimal:
            rows = [one.to_json() for one in trader.states.values()]
            self.say(200, [{name: row[name] for name in MINIMAL_FIELDS} for row in rows])
        elif self.path == "/api/strategies":
            self.say(200, {"strategies": [one.to_json() for one in trader.states.values()]})
        elif self.path == "/api/account" and not trader.minimal:
            self.say(200, trader.account.to_json())
        elif self.path == "/api/trades" and not trader.minimal:
            self.say(200, {"trades": [one.to_json() for one in trader.trades]})
        else:
            self.say(404, {"detail": "There is nothing here.", "code": "not_found", "fields": {}})

    def order(self, body: Any) -> None:
        parts = self.path.split("/")
        try:
            if self.path == "/api/strategies/settings" and not self.trader.minimal:
                self.say(200, {"strategies": self.order_many(body["updates"])})
                return
            if len(parts) != 6:
                raise Refusal(404, "not_found")
            row = self.trader.obey(parts[5], StrategyKey(parts[3], parts[4]), body)
        except Refusal as error:
            said = {"detail": error.detail, "code": error.code, "fields": error.fields}
            row_of = {"row": error.row.to_json()} if error.row else {}
            self.say(error.status, said | row_of)
            return
        self.say(200, {"ok": True} if self.trader.minimal else row.to_json())

    def order_many(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        with self.trader.lock:
            before = dict(self.trader.states)
            try:
                rows = []
                for item in items:
                    key = StrategyKey(item.pop("strategy_id"), item.pop("symbol"))
                    rows.append(self.trader.obey("settings", key, item).to_json())
            except Refusal:
                self.trader.states = before
                raise
            return rows

    def say(self, status: int, value: Any) -> None:
        self.raw(status, dump_json(value).encode())

    def raw(self, status: int, content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def hold_socket(self) -> None:
        held = Connection(self.connection)
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        held.protocol.receive_data(f"GET {self.path} HTTP/1.1\r\n{lines}\r\n".encode())
        request = held.protocol.events_received()[0]
        assert isinstance(request, Request)
        held.protocol.send_response(held.protocol.accept(request))
        self.connection.sendall(b"".join(held.protocol.data_to_send()))
        self.close_connection = True
        held.send(self.trader.snapshot())
        self.trader.sockets.add(held)
        try:
            while data := self.connection.recv(65536):
                held.protocol.receive_data(data)
                for event in held.protocol.events_received():
                    if getattr(event, "opcode", None) == Opcode.TEXT:
                        self.trader.resyncs += 1
                        held.send(self.trader.snapshot())
                    elif getattr(event, "opcode", None) == Opcode.CLOSE:
                        with held.lock:
                            self.connection.sendall(b"".join(held.protocol.data_to_send()))
                        return
        except OSError:
            pass
        finally:
            self.trader.sockets.discard(held)
