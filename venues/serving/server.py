"""Runs Daphne with our own tasks on its loop (stack.md); a task that dies ends the process."""

from daphne.server import Server, twisted_loop  # isort: skip  # must be the process's first Twisted import

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred

from venues.serving import dotenv, environment
from venues.serving.guard import NO_CREDENTIALS

log = logging.getLogger(__name__)
reactor: Any = installed_reactor  # its interface depends on which one is installed
Step = Callable[[], Awaitable[None]]


class Handshakes(WebSocketProtocol):  # type: ignore[misc]  # Daphne ships no types
    """Tells a handshake without credentials from one that is forbidden: Daphne answers both with 403."""

    def handle_reply(self, message: Any) -> None:
        """Carry out what the application says."""
        refused = message.get("type") == "websocket.close" and message.get("code") == NO_CREDENTIALS
        if not refused or self.state != self.STATE_CONNECTING:
            super().handle_reply(message)
            return
        self.handshake_deferred.errback(ConnectionDeny(code=401, reason="Unauthorized"))  # type: ignore[no-untyped-call]
        del self.handshake_deferred
        self.server.protocol_disconnected(self)


WebSocketFactory.protocol = Handshakes


def serve(application: Any, host: str, port: int, run: Step | None = None, stop: Step | None = None) -> int:
    """Serve until SIGINT or SIGTERM; gives the exit code.

    `run` is started on the loop once it turns, and must not return or raise while the process
    lives: when it does, that is logged and the process ends with 1. `stop` is awaited on the way out.
    """
    for fault in dotenv.faults():  # `prepare` refuses; a trader that is started again must protect its trades
        log.error(fault)
    if exposed := environment.exposure():
        log.warning(exposed)
    failed: list[BaseException] = []

    async def guarded(step: Step) -> None:
        try:
            await step()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            log.critical("the process ends: %s", error, exc_info=True)
            failed.append(error)
            if reactor.running:
                reactor.stop()

    tasks: list[asyncio.Task[None]] = []

    async def shut() -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=3)
        if stop is not None:
            await stop()

    def begin() -> None:
        if run is not None:
            tasks.append(twisted_loop.create_task(guarded(run)))

    def end() -> Any:
        return Deferred.fromFuture(asyncio.ensure_future(shut(), loop=twisted_loop))

    interface = host.replace(":", r"\:")
    server = Server(
        application=application,
        endpoints=[f"tcp:port={port}:interface={interface}"],
        server_name="",
        application_close_timeout=5,
        http_timeout=30,
        websocket_timeout=-1,
    )
    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", end)
    server.run()
    if server.abort_start:
        log.critical("port %s on %s is taken or cannot be opened", port, host)
        return 1
    return 1 if failed else 0
