"""The running exchange: the loop that lets market time pass, and the application that serves it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from venues.paper.engine import advance
from venues.paper.exchange import Exchange
from venues.paper.face import Face
from venues.paper.store import Store
from venues.serving.guard import Application, Guard, Receive, Scope, Send

TICK_S = 0.1
LONGEST_STEP_S = 1.0  # a process that was stopped does not catch up on what it slept through


@dataclass
class Running:
    """One exchange with its faces and its memory."""

    exchange: Exchange
    faces: Sequence[Face]
    store: Store

    def turn(self, elapsed_s: float) -> None:
        """Let wall time pass; what follows is on disk and told when this returns."""
        advance(self.exchange, min(elapsed_s, LONGEST_STEP_S))
        if self.exchange.events or self.exchange.batch.markets:
            self.exchange.commit()
        for face in self.faces:
            face.tick()

    async def run(self) -> None:
        """Turn for ever."""
        before = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            self.turn(now - before)
            before = now

    async def stop(self) -> None:
        """Put the clock on disk and close."""
        self.exchange.commit()
        self.store.close()


_running: list[Running] = []


def open_to(running: Running) -> None:
    """Make an exchange the one that this process serves."""
    _running[:] = [running]


def running() -> Running:
    """Give the exchange that this process serves."""
    return _running[0]


def faces() -> Sequence[Face]:
    """Give the faces of the served exchange; none where nothing is served, as in `check`."""
    return _running[0].faces if _running else ()


def application(http: Application) -> Application:
    """Give the ASGI application: the faces' sockets, and HTTP through Django."""
    sockets = {path: serve for face in faces() for path, serve in face.sockets.items()}

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await http(scope, receive, send)
        elif scope["path"] in sockets:
            await sockets[scope["path"]](scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4404})

    return Guard(route)
