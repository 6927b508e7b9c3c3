"""Pushes within one process: keys in, one reader renders, a bounded queue per client, latest wins."""

import asyncio
from collections.abc import Callable

MOST_PENDING = 5000


class Hub:
    """Carries keys of what changed, from any thread, to readers on one loop. Carries no values."""

    def __init__(self) -> None:
        self._readers: list[tuple[asyncio.AbstractEventLoop, Callable[[str], None]]] = []

    def listen(self, reader: Callable[[str], None]) -> Callable[[], None]:
        """Call `reader(key)` on the running loop for every key; gives the function that ends it."""
        entry = (asyncio.get_running_loop(), reader)
        self._readers.append(entry)
        return lambda: self._readers.remove(entry) if entry in self._readers else None

    def publish(self, key: str) -> None:
        """Tell every reader that what `key` names has changed; from any thread."""
        for loop, reader in list(self._readers):
            if not loop.is_closed():
                loop.call_soon_threadsafe(reader, key)


class Client:
    """What one socket has still to be sent: the latest text of every key."""

    def __init__(self) -> None:
        self.pending: dict[str, str] = {}
        self.dropped = False
        self._wake = asyncio.Event()

    def put(self, key: str, text: str) -> None:
        """Replace what waits under the key; a client too far behind is dropped."""
        self.pending.pop(key, None)
        self.pending[key] = text
        self.dropped = self.dropped or len(self.pending) > MOST_PENDING
        self._wake.set()

    def drop(self) -> None:
        """End the client: its session is over, or it is too slow."""
        self.dropped = True
        self._wake.set()

    async def take(self) -> list[str] | None:
        """Wait for texts and give them in order; None once the client is dropped."""
        await self._wake.wait()
        self._wake.clear()
        if self.dropped:
            return None
        texts = list(self.pending.values())
        self.pending.clear()
        return texts


class Audience:
    """The clients of one kind of socket; a text is encoded once and shared by all."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()

    def join(self) -> Client:
        """Add a client."""
        client = Client()
        self.clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Remove a client."""
        self.clients.discard(client)

    def send(self, key: str, text: str) -> None:
        """Queue a text for every client; on the loop's thread only."""
        for client in self.clients:
            client.put(key, text)
