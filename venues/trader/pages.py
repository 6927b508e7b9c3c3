"""The trader's own page, `/`: a sidebar with every strategy, the account beside it. It only shows.

`/ws/page` pushes the sections that have changed, at most twice a second, while somebody looks.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path

from venues.serving.guard import Receive, Scope, Send
from venues.serving.hub import Audience, Client
from venues.trader.api import endpoint
from venues.trader.facade import Facade, engine
from venues.trader.pageview import view

BETWEEN_S = 0.5
HEARTBEAT_S = 1.0
TRADES = 20
SECTIONS = ("links", "totals", "side", "cards", "positions", "orders", "trades")


async def page(request: HttpRequest) -> HttpResponse:
    """Answer `/`."""
    context = view(read(engine()))
    return HttpResponse(render_to_string("trader/page.html", context, request))


def read(source: Facade) -> dict[str, Any]:
    """Take what the page shows out of the engine; on its loop, quickly."""
    return {
        "source": source.source,
        "rows": source.rows(),
        "account": source.account(),
        "positions": source.positions(),
        "orders": source.orders(),
        "trades": source.trades(TRADES),
        "now_ms": int(time.time() * 1000),
    }


class PageFeed:
    """Follows one engine while somebody looks; a section is sent when its markup has changed."""

    def __init__(self, source: Facade) -> None:
        self.engine = source
        self.audience = Audience()
        self.sent: dict[str, str] = {}
        self._wake = asyncio.Event()
        self._unlisten: Callable[[], None] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def join(self) -> Client:
        """Add a client; the first one starts the feed's own work."""
        if not self.audience.clients:
            self.sent.clear()
            self._unlisten = self.engine.hub.listen(lambda key: self._wake.set())
            self._tasks = [asyncio.create_task(step()) for step in (self._follow, self._beat)]
        self._wake.set()
        return self.audience.join()

    def leave(self, client: Client) -> None:
        """Remove a client; the last one ends the feed's own work."""
        self.audience.leave(client)
        if not self.audience.clients and self._unlisten is not None:
            self._unlisten()
            for task in self._tasks:
                task.cancel()
            self._unlisten = None

    async def sections(self) -> dict[str, str]:
        """Give the markup of every section; rendered beside the engine's loop."""
        found = read(self.engine)
        return await asyncio.get_running_loop().run_in_executor(None, _render, found)

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for name, text in (await self.sections()).items():
                if self.sent.get(name) != text:
                    self.sent[name] = text
                    self.audience.send(name, text)
            await asyncio.sleep(BETWEEN_S)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._wake.set()  # its links carry the time, so that a message leaves every second


def _render(found: Mapping[str, Any]) -> dict[str, str]:
    context = view(found)
    return {name: render_to_string(f"trader/{name}.html", context) for name in SECTIONS}


_feeds: WeakKeyDictionary[Any, PageFeed] = WeakKeyDictionary()


async def page_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one page that access.py has let in, until either side ends it."""
    await receive()
    await send({"type": "websocket.accept"})
    source = engine()
    feed = _feeds.setdefault(source, PageFeed(source))
    client = feed.join()
    for name, text in feed.sent.items():
        client.put(name, text)
    listening = asyncio.create_task(_hear_out(receive, client))
    try:
        while (texts := await client.take()) is not None:
            for text in texts:
                await send({"type": "websocket.send", "text": text})
    finally:
        feed.leave(client)
        listening.cancel()
    with contextlib.suppress(Exception):  # the page may be gone already
        await send({"type": "websocket.close"})


async def _hear_out(receive: Receive, client: Client) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
    client.drop()


urlpatterns = [path("", endpoint(GET=page))]
