"""`/ws/console`: what moves on the risk table page, as HTML, rendered once and fed to every socket.

A message is markup whose parts marked `data-live` replace those of the same id. None of them
holds a field: what an operator is typing is never touched (console.md, "The table").
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from channels.db import database_sync_to_async
from django.template.loader import render_to_string

from portfolio import book
from portfolio.access import allows
from riskcontrol import rows, screen
from riskcontrol.live import Feed, Socket, Texts
from riskcontrol.shown import show
from venues.serving.guard import Receive, Scope, Send


class Console:
    """Renders for one kind of reader: those who may operate get a Reset button, others the limits as text."""

    def __init__(self, operator: bool) -> None:
        self.operator = operator
        self.sources: dict[str, dict[str, Any]] = {}
        self.rows: dict[int, dict[str, Any]] = {}

    def changes(self, keys: set[str]) -> Texts:
        """Give the markup of the rows and sources that these keys of the book's hub name."""
        numbers = {int(key.removeprefix("row:")) for key in keys if key.startswith("row:")}
        if not self.sources or any(key.startswith("source:") for key in keys):
            numbers |= self._read_sources()
            yield "heartbeat", self.heartbeat()  # the link and the rows turn together
            yield "silent", self._silent()
        for row in rows.some(numbers) if numbers else []:
            yield f"row:{row['_id']}", self._row(row)

    def snapshot(self) -> str:
        """Give everything that moves, for a page that may have missed what happened since it was made."""
        self._read_sources()
        return "".join([self.heartbeat(), self._silent(), *(self._row(row) for row in rows.rows())])

    def heartbeat(self) -> str:
        """Give the message of every second: the age of each source, and the totals; reads no database."""
        for one in self.sources.values():
            link = book.link(one["source"])
            seconds = link.age_s()
            one["age_ms"] = None if seconds is None else int(seconds * 1000)
        known = [screen.source_view(one) for one in self.sources.values()]
        context = {"sources": known, "beat": int(time.time() * 1000)}
        totals = {"totals": screen.totals(self.rows.values(), self.sources.values())}
        return render_to_string("riskcontrol/links.html", context) + render_to_string(
            "riskcontrol/totals.html", totals
        )

    def _read_sources(self) -> set[int]:
        """Read the sources anew; gives the numbers of the rows whose source has another status."""
        found = {one["source"]: one for one in rows.sources()}
        turned = {
            name for name, one in found.items() if self.sources.get(name, {}).get("status") != one["status"]
        }
        self.sources = found
        return {number for number, row in self.rows.items() if row["source"] in turned}

    def _silent(self) -> str:
        known: Iterable[dict[str, Any]] = [screen.source_view(one) for one in self.sources.values()]
        return render_to_string("riskcontrol/silent.html", {"sources": known})

    def _row(self, row: dict[str, Any]) -> str:
        before = self.rows.get(row["_id"])
        self.rows[row["_id"]] = row
        status = self.sources.get(row["source"], {}).get("status", "offline")
        by = ""
        if before is not None and before["revision"] != row["revision"]:
            last = rows.changes(rows.key_of(row)).filter(revision=row["revision"]).first()
            by = last.actor if last else ""
        return screen.live_html(show(row, status), self.operator, by)


_feeds: dict[tuple[asyncio.AbstractEventLoop, bool], tuple[Feed, Console]] = {}


def feed_for(operator: bool) -> tuple[Feed, Console]:
    """Give the running loop's feed for operators, or for those who only read."""
    loop = asyncio.get_running_loop()
    for other in [one for one in _feeds if one[0].is_closed()]:
        del _feeds[other]
    if (loop, operator) not in _feeds:
        console = Console(operator)
        _feeds[loop, operator] = (Feed(console.changes, console.heartbeat), console)
    return _feeds[loop, operator]


class ConsoleSocket:
    """The ASGI application of `/ws/console`; it ends with the session or the role."""

    @classmethod
    def as_asgi(cls) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """Give the application, in the manner of Channels."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            operator = await database_sync_to_async(allows)(scope["user"], "operator")
            feed, console = feed_for(operator)
            await Socket(feed, console.snapshot).serve(scope, receive, send)

        return application
