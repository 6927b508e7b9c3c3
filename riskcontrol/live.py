"""`/ws/risk`: a snapshot, then every change as JSON, rendered once and fed to every socket (api.md)."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import connections

from portfolio import book
from portfolio.sockets import may_stay
from riskcontrol import rows
from venues.contract.errors import NotFound
from venues.serving.guard import Receive, Scope, Send
from venues.serving.hub import Audience, Client
from venues.serving.parsers import dump_json

log = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
STAY_CHECK_S = 2.0
GONE = 4401
Texts = Iterable[tuple[str, str]]


class Feed:
    """Follows the book while somebody listens: `render(changed keys)` runs in a thread, once for all.

    Rendering takes what has changed meanwhile together, so a burst costs one read of the database.
    """

    def __init__(self, render: Callable[[set[str]], Texts], heartbeat: Callable[[], str]) -> None:
        self.render = render
        self.heartbeat = heartbeat
        self.audience = Audience()
        self.thread: ThreadPoolExecutor | None = None
        self._changed: set[str] = set()
        self._wake = asyncio.Event()
        self._unlisten: Callable[[], None] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def join(self) -> Client:
        """Add a client; the first one starts the feed's own work."""
        if not self.audience.clients:
            self.thread = ThreadPoolExecutor(1, thread_name_prefix="feed")
            self._unlisten = book.hub.listen(self._hear)
            self._tasks = [asyncio.create_task(step()) for step in (self._follow, self._beat)]
        return self.audience.join()

    def leave(self, client: Client) -> None:
        """Remove a client; the last one ends the feed's own work."""
        self.audience.leave(client)
        if self.audience.clients or self._unlisten is None or self.thread is None:
            return
        self._unlisten()
        for task in self._tasks:
            task.cancel()
        self.thread.submit(connections.close_all)
        self.thread.shutdown(wait=False)
        self._unlisten = self.thread = None
        self._changed.clear()

    async def run(self, function: Callable[[], Any]) -> Any:
        """Run in the feed's thread, whose database connection is its own, and give what it gives."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, function)

    def _hear(self, key: str) -> None:
        self._changed.add(key)
        self._wake.set()

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            keys, self._changed = self._changed, set()
            try:
                for key, text in await self.run(partial(self._rendered, keys)):
                    self.audience.send(key, text)
            except Exception:
                log.exception("changes could not be rendered; they come with the next ones")
                self._changed |= keys
                await asyncio.sleep(HEARTBEAT_S)
                self._wake.set()

    def _rendered(self, keys: set[str]) -> list[tuple[str, str]]:
        return list(self.render(keys))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.audience.send("heartbeat", self.heartbeat())


def render_json(keys: set[str]) -> Texts:
    """Give (key, message) of everything that changed."""
    numbers = [int(key.removeprefix("row:")) for key in keys if key.startswith("row:")]
    if numbers:
        for row in rows.some(numbers):
            yield f"row:{row['_id']}", dump_json({"type": "row", "row": rows.as_json(row)})
    for key in keys:
        if key.startswith("source:"):
            with contextlib.suppress(NotFound):
                found = rows.source(key.removeprefix("source:"))
                yield key, dump_json({"type": "source", "source": found})


def render_snapshot() -> str:
    """Give the first message: everything."""
    found = [rows.as_json(row) for row in rows.rows()]
    return dump_json(
        {"type": "snapshot", "as_of": rows.as_of(), "sources": rows.sources(), "strategies": found}
    )


def render_heartbeat() -> str:
    """Give the message of every second."""
    return dump_json({"type": "heartbeat", "as_of": rows.as_of()})


class Socket:
    """One read-only WebSocket on a feed; the way in was checked before (`portfolio.sockets`).

    Subclasses say which feed and what the first text is.
    """

    def __init__(self, feed: Feed, snapshot: Callable[[], str]) -> None:
        self.feed = feed
        self.snapshot = snapshot

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept, send the snapshot and then every change, until either side ends it."""
        if (await receive())["type"] != "websocket.connect":
            return
        client = self.feed.join()  # before the snapshot is read, so that no change falls between
        try:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": await self.feed.run(self.snapshot)})
            tasks = [
                asyncio.ensure_future(step)
                for step in (self._speak(client, send), _hear_out(receive), _stay(scope))
            ]
            await _first_of(tasks)
        finally:
            self.feed.leave(client)
        with contextlib.suppress(Exception):  # the other side may be gone already
            await send({"type": "websocket.close", "code": GONE})

    async def _speak(self, client: Client, send: Send) -> None:
        while (texts := await client.take()) is not None:
            for text in texts:
                await send({"type": "websocket.send", "text": text})


async def _first_of(tasks: Sequence[asyncio.Future[None]]) -> None:
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hear_out(receive: Receive) -> None:
    """Read until the client leaves; what it says is ignored."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _stay(scope: Scope) -> None:
    """Return once the user's role, session or token is gone."""
    loop = asyncio.get_running_loop()
    while True:
        if not await loop.run_in_executor(None, may_stay, scope):
            return
        await asyncio.sleep(STAY_CHECK_S)


_feeds: dict[asyncio.AbstractEventLoop, Feed] = {}


def json_feed() -> Feed:
    """Give the feed of the running loop."""
    loop = asyncio.get_running_loop()
    for other in [one for one in _feeds if one.is_closed()]:
        del _feeds[other]
    return _feeds.setdefault(loop, Feed(render_json, render_heartbeat))


class RiskSocket:
    """The ASGI application of `/ws/risk`."""

    @classmethod
    def as_asgi(cls) -> Any:
        """Give the application, in the manner of Channels; Django's `path` wants it untyped."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await Socket(json_feed(), render_snapshot).serve(scope, receive, send)

        return application
