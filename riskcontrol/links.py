"""One task per trader on the process's loop: follow, deliver, reconcile, notice silence.

What a trader says goes into the live copy on the loop, so that nothing holds up a kill on its
way to the page. Storing, sending and reading have one thread each per link, so that a trader
that hangs holds up no other trader and no record of its own.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DatabaseError, connections

from portfolio import book
from portfolio.models import Trader
from riskcontrol import delivery, upkeep
from venues.adapter import NotListening
from venues.contract.errors import NotFound, ProductError
from venues.contract.listing import Unread
from venues.contract.messages import Killed, Message, Snapshot
from venues.contract.states import Account, StrategyState, Trade
from venues.stream import NoStream, Stream, opened

log = logging.getLogger(__name__)
Given = TypeVar("Given")

TICK_S = 1.0
REGISTRY_S = 1.0
STREAM_AGAIN_S = 30.0
BACK_OFF_S = (0.1, 0.25, 0.5, 1.0)
AWAY_AGAIN_S = 2.0


@dataclass(frozen=True)
class Address:
    """Where a trader of the registry is; a link ends when it changes."""

    source: str
    url: str


class Lane:
    """One thread with a database connection of its own."""

    def __init__(self, name: str) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, function: Callable[..., Given], *args: Any) -> Given:
        """Run in the thread and give what it gives."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, function, *args)

    def close(self) -> None:
        """End the thread once it is idle, and its connection with it."""
        self.pool.submit(connections.close_all)
        self.pool.shutdown(wait=False)


class TraderLink:
    """The link to one trader; `connected` while it answers."""

    def __init__(self, trader: Trader) -> None:
        self.source = trader.source
        self.trader = trader
        self.connected = False
        self.stored = Lane(f"{self.source}-book")
        self.sent = Lane(f"{self.source}-outbox")
        self.read = Lane(f"{self.source}-reads")
        self.away_until = 0.0

    async def run(self) -> None:
        """Follow the trader until cancelled."""
        tasks = [asyncio.create_task(step()) for step in (self.follow, self.keep_book, self.keep_outbox)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for lane in (self.stored, self.sent, self.read):
                lane.close()

    async def follow(self) -> None:
        """Hear the trader, by WebSocket or by polling, again and again."""
        failures = 0
        while True:
            try:
                await self.hear()
            except ProductError as error:
                said = delivery.why_away(self.trader, error)
                if book.link(self.source).error != said:
                    log.info("%s: %s", self.source, said)
                book.failed(self.source, said, isinstance(error, NotListening))
            except DatabaseError as error:
                log.warning("%s: the database refuses what is reported: %s", self.source, error)
            except Exception:
                log.exception("the link to %s failed", self.source)
                book.failed(self.source, "The link failed; the reason is in the log.")
            failures = 0 if self.connected else failures + 1
            self.connected = False
            await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])

    async def hear(self) -> None:
        """Hear the trader until that breaks off; raises the reason."""
        adapter = delivery.adapter_of(self.trader)
        token = adapter.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            async with opened(adapter.url, token or None) as stream:
                await self.hear_stream(stream)
        except NoStream:
            await self.poll()

    async def hear_stream(self, stream: Stream) -> None:
        """Take every message of a connection."""
        async for message in stream.messages():
            book.heard(self.source)
            if isinstance(message, Snapshot):
                await self.take(message.strategies, complete=True, unread=message.unread)
                book.record_account(self.source, message.account)
                await self.came_online()
            elif message is not None:
                await self.take_one(message)

    async def take_one(self, message: Message) -> None:
        """Take a message that is no snapshot."""
        match message:
            case StrategyState():
                await self.take([message])
            case Account():
                book.record_account(self.source, message)
            case Trade():
                book.record_trades(self.source, [message])
            case Killed():
                log.warning(
                    "%s/%s/%s was killed: %s", self.source, message.strategy_id, message.symbol, message.kill
                )
            case _:
                pass

    async def take(
        self, states: Any, complete: bool = False, begun: float | None = None, unread: Sequence[Unread] = ()
    ) -> None:
        """Take states into the live copy; adopt strategies first seen; store at once what must be."""
        strangers = book.unknown(self.source, states)
        if strangers:
            await self.stored.run(upkeep.adopt, self.source, strangers)
        if book.record(self.source, states, complete, begun, unread):
            await self.store()

    async def store(self, everything: bool = False) -> None:
        """Store what was reported; a database that refuses it gets it again a second later."""
        try:
            await self.stored.run(book.flush, self.source, everything)
        except DatabaseError as error:
            log.warning("what %s reported is not stored yet: %s", self.source, error)

    async def poll(self) -> None:
        """Read a trader without WebSocket every second, for a while; raises what ends it."""
        until = time.monotonic() + STREAM_AGAIN_S
        while time.monotonic() < until:
            await self.read_all()
            await self.read_account()
            if not self.connected:
                await self.came_online()
            await asyncio.sleep(TICK_S)

    async def read_all(self) -> None:
        """Read every row over HTTP."""
        begun = time.monotonic()
        listing = await self.read.run(delivery.adapter_of(self.trader).strategies)
        book.heard(self.source)
        await self.take(listing.states, complete=True, begun=begun, unread=listing.unread)

    async def read_account(self) -> None:
        """Read the account where the trader offers it."""
        try:
            account = await self.read.run(delivery.adapter_of(self.trader).account)
        except ProductError:
            return
        book.record_account(self.source, account)

    async def came_online(self) -> None:
        """Let nothing wait for a trader that has just come back, and fetch the trades it closed alone."""
        self.connected = True
        self.away_until = 0.0
        await self.stored.run(delivery.retry_at_once, self.source)
        asyncio.get_running_loop().create_task(self.read_trades())

    async def read_trades(self) -> None:
        """Read the last closed trades; a trader need not offer them."""
        try:
            book.record_trades(self.source, await self.read.run(delivery.adapter_of(self.trader).trades))
        except ProductError as error:
            if not isinstance(error, NotFound):
                log.info("%s: no closed trades: %s", self.source, error)

    async def keep_book(self) -> None:
        """Once a second: store what was heard, tell the page of silence."""
        while True:
            await asyncio.sleep(TICK_S)
            book.show_status(self.source)
            await self.store(everything=True)

    async def keep_outbox(self) -> None:
        """Once a second: deliver what waits, and settle where PM and trader differ."""
        while True:
            await asyncio.sleep(TICK_S / 2)
            try:
                await self.deliver()
                await self.reconcile()
            except DatabaseError as error:
                log.warning("%s: the outbox waits for the database: %s", self.source, error)
            except ProductError as error:
                log.info("%s: %s", self.source, error)
            except Exception:
                log.exception("the outbox of %s failed", self.source)
            await asyncio.sleep(TICK_S / 2)

    async def deliver(self) -> None:
        """Deliver what waits; a trader that is away is tried again every two seconds."""
        if time.monotonic() < self.away_until:
            return
        error = await self.sent.run(delivery.deliver_source, self.source)
        if error is not None:
            self.away_until = time.monotonic() + AWAY_AGAIN_S

    async def reconcile(self) -> None:
        """Where the trader reports other than PM desires: read it afresh, then settle and deliver."""
        if not self.connected or book.link(self.source).status() != "online":
            return
        looked_at = await self.stored.run(upkeep.unsettled, self.source)
        if not looked_at and not await self.stored.run(upkeep.unanswered, self.source):
            return
        await self.read_all()
        if await self.stored.run(upkeep.settle, self.source, looked_at):
            await self.sent.run(delivery.deliver_source, self.source)


class Links:
    """The links of this process, following the registry."""

    def __init__(self) -> None:
        self.held: dict[Address, tuple[TraderLink, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Start and end links as the registry says, until cancelled; a link that dies starts again."""
        registry = Lane("registry")
        try:
            while True:
                try:
                    self.follow_registry(await registry.run(_registered))
                except DatabaseError as error:
                    log.warning("the registry cannot be read: %s", error)
                await asyncio.sleep(REGISTRY_S)
        finally:
            await self.end(list(self.held))
            registry.close()

    def follow_registry(self, traders: list[Trader]) -> None:
        """Have exactly one living link per trader."""
        wanted = {Address(trader.source, trader.url): trader for trader in traders}
        for address, (_, task) in list(self.held.items()):
            if address not in wanted or task.done():
                task.cancel()
                del self.held[address]
                if address not in wanted:
                    book.failed(address.source, "PM does not follow this trader.", refused=True)
        for address, trader in wanted.items():
            if address not in self.held:
                link = TraderLink(trader)
                self.held[address] = (link, asyncio.create_task(_logged(link)))

    async def end(self, addresses: list[Address]) -> None:
        """End links and wait for them."""
        tasks = [self.held.pop(address)[1] for address in addresses]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _registered() -> list[Trader]:
    return list(Trader.objects.filter(enabled=True))


async def _logged(link: TraderLink) -> None:
    try:
        await link.run()
    except Exception:
        log.exception("the link to %s ended", link.source)


async def run_links() -> None:
    """Follow every trader of the registry until cancelled; changes of it count within a second or two."""
    await Links().run()
