"""Trader → PM: the messages of its WebSocket (api.md, section 2), gaps noticed, silence bounded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from venues.adapter import LONGEST, NotListening, read_json
from venues.contract.errors import ProductError, TokenRefused, Unreachable
from venues.contract.messages import RESYNC, Message, Snapshot, from_json
from venues.serving.parsers import dump_json

OPEN_S = 1.5
SILENCE_S = 15.0


class NoStream(ProductError):
    """The trader offers no WebSocket: poll it."""


class Stream:
    """One connection: `messages` gives what the trader says until it breaks off.

    A frozen trader's connection stays open, so only the age of the last message counts.
    """

    def __init__(self, connection: ClientConnection, silence_s: float = SILENCE_S) -> None:
        self.connection = connection
        self.silence_s = silence_s
        self.seq = 0
        self.resyncing = False

    async def messages(self) -> AsyncIterator[Message | None]:
        """Give every message, None for one of an unknown type; raises Unreachable or BadAnswer.

        After a gap in `seq` a resync is asked for; what comes meanwhile is given all the same,
        each message being true by itself.
        """
        while True:
            try:
                # Not wait_for: before Python 3.12 it loses a cancellation that meets a message.
                async with asyncio.timeout(self.silence_s):
                    text = await self.connection.recv()
            except TimeoutError:
                raise Unreachable(f"The trader was silent for {self.silence_s:.0f} s.") from None
            except ConnectionClosed:
                raise Unreachable("The trader's WebSocket broke off.") from None
            seq, message = from_json(read_json(text))
            await self._check(seq, message)
            yield message

    async def _check(self, seq: int, message: Message | None) -> None:
        gap = seq != self.seq + 1
        self.seq = seq
        if isinstance(message, Snapshot):
            self.resyncing = False
        elif gap and not self.resyncing:
            self.resyncing = True
            await self.connection.send(dump_json(RESYNC))


@asynccontextmanager
async def opened(url: str, token: str | None, silence_s: float = SILENCE_S) -> AsyncIterator[Stream]:
    """Connect to a trader's `/ws`, token in the handshake.

    Raises NotListening where nobody accepts connections, NoStream where the trader has none,
    Unreachable where it does not answer within 1.5 s, BadAnswer where it refuses the token.
    """
    try:
        connection = await connect(
            url.replace("http", "ws", 1) + "/ws",
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            open_timeout=OPEN_S,
            close_timeout=1,
            ping_interval=None,
            max_size=LONGEST,
            proxy=None,
            compression=None,
        )
    except InvalidStatus as error:
        raise _no_upgrade(error.response.status_code) from None
    except InvalidHandshake:
        raise NoStream("The trader has no WebSocket.") from None
    except ConnectionRefusedError:
        raise NotListening("The trader is not running: the connection was refused.") from None
    except (OSError, TimeoutError, WebSocketException):
        raise Unreachable("The trader's WebSocket did not open.") from None
    try:
        yield Stream(connection, silence_s)
    finally:
        await connection.close()


def _no_upgrade(status: int) -> ProductError:
    if status in {401, 403}:
        return TokenRefused()
    if status in {429, 500, 502, 503}:
        return Unreachable(f"The trader's WebSocket did not open: it answered {status}.")
    return NoStream("The trader has no WebSocket.")
