"""The WebSocket client: subscribes, pings, notices silence, reconnects; gives events as they come."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from venues.contract.errors import ProductError
from venues.trader.gateway import Connected, Disconnected, Event, Heard

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """Limits of a connection in seconds; a quiet one is pinged, a silent one is given up."""

    open_s: float = 5.0
    first_s: float = 10.0  # until every first snapshot is in
    ping_s: float = 20.0
    quiet_s: float = 4.0  # after that a ping asks whether anybody is there
    silence_s: float = 10.0
    look_s: float = 1.0
    lived_s: float = 5.0  # a connection that lasted as long is followed by a quick retry
    retries_s: tuple[float, ...] = (0.1, 0.5, 1.0, 2.0, 5.0)


class Feed(Protocol):
    """Reads the frames of one connection in its venue's words; knows what has still to come."""

    greetings: list[str]  # what is sent once the connection stands
    ping: str
    dropped: int

    @property
    def awaited(self) -> Collection[object]:
        """Give what is missing until every first snapshot is in."""

    def hear(self, frame: Any) -> list[Event]:
        """Give the events of a frame; raises ProductError where the connection must end."""

    def answer(self, frame: Any) -> str | None:
        """Give what the venue wants to hear back; None for nearly every frame."""


class Broken(Exception):
    """The connection is of no more use; its text says why."""


FORESEEN = (OSError, TimeoutError, WebSocketException, ProductError, Broken)


class Stream:
    """Keeps one connection up. `tell` gets every event, on the loop, in the venue's order."""

    def __init__(
        self,
        venue: str,
        url: str,
        make_feed: Callable[[], Awaitable[Feed]],
        tell: Callable[[Event], None],
        patience: Patience | None = None,
    ) -> None:
        self._venue = venue
        self._url = url
        self._make_feed = make_feed
        self._tell = tell
        self._patience = patience or Patience()
        self._why = ""
        self._up = False
        self.frames = 0
        self.dropped = 0
        self.connections = 0

    def counters(self) -> dict[str, float]:
        """Give what was counted since the start, by name."""
        return {
            "frames": self.frames,
            "frames_dropped": self.dropped,
            "connections": self.connections,
        }

    async def run(self) -> None:
        """Connect and listen for ever; every failure is told once and followed by another try."""
        waits = self._patience.retries_s
        tries = 0
        while True:
            begun = time.monotonic()
            try:
                await self._connection()
            except Exception as error:
                if not isinstance(error, FORESEEN):
                    log.exception("the stream's connection failed in an unforeseen way")
                self._down(str(error) or type(error).__name__)
            if time.monotonic() - begun > self._patience.lived_s:
                tries = 0
            await asyncio.sleep(waits[min(tries, len(waits) - 1)])
            tries += 1

    async def _connection(self) -> None:
        limits = self._patience
        feed = await self._make_feed()
        async with connect(
            self._url,
            proxy=None,
            compression=None,
            ping_interval=None,
            open_timeout=limits.open_s,
            close_timeout=1,
            max_size=2**24,
        ) as socket:
            try:
                for greeting in feed.greetings:
                    await socket.send(greeting)
                await self._listen(socket, feed)
            except Exception as error:
                # Told before the closing handshake, which may take a second.
                self._down(str(error) or type(error).__name__)
                raise

    async def _listen(self, socket: ClientConnection, feed: Feed) -> None:
        limits = self._patience
        begun = heard = pinged = looked = time.monotonic()
        while True:
            frame = await self._frame(socket)
            now = time.monotonic()
            if now - looked > limits.silence_s:
                raise Broken(f"this process stood still for {now - looked:.0f} s")
            looked = now
            if frame is not None:
                heard = now
                answer = self._take(frame, feed)
                if answer is not None:
                    await socket.send(answer)
            if now - heard > limits.silence_s:
                raise Broken(f"nothing heard for {limits.silence_s:g} s")
            if feed.awaited and now - begun > limits.first_s:
                raise Broken(f"no first word of {sorted(map(str, feed.awaited))} within {limits.first_s:g} s")
            if now - pinged > (limits.quiet_s if now - heard > limits.quiet_s else limits.ping_s):
                await socket.send(feed.ping)
                pinged = now

    async def _frame(self, socket: ClientConnection) -> str | bytes | None:
        # Not wait_for: before Python 3.12 it loses a cancellation that meets an arriving frame.
        try:
            async with asyncio.timeout(self._patience.look_s):
                return await socket.recv()
        except TimeoutError:
            return None

    def _take(self, text: str | bytes, feed: Feed) -> str | None:
        self.frames += 1
        self._tell(Heard())
        dropped = feed.dropped
        try:
            frame = json.loads(text, parse_float=Decimal, parse_constant=str)
            events = feed.hear(frame)
        except ValueError:
            # A venue may greet in plain text; anything else that is no JSON says nothing either.
            self.dropped += 1
            return None
        finally:
            self.dropped += feed.dropped - dropped
        for event in events:
            self._tell(event)
        if not feed.awaited and not self._up:
            self._up, self._why = True, ""
            self.connections += 1
            self._tell(Connected())
        return feed.answer(frame)

    def _down(self, why: str) -> None:
        if self._up or why != self._why:
            log.warning("%s's stream is down: %s", self._venue, why)
            self._tell(Disconnected(why))
        self._up, self._why = False, why
