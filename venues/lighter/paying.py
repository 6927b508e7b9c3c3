"""Tells funding payments: no stream tells them, positions only show that one was made."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from venues.contract.errors import ProductError
from venues.trader.gateway import Event, Funding

log = logging.getLogger(__name__)

PAYMENTS_S = 5.0


class Payments:
    """Reads the payments since the last one known, at most every 5 s."""

    def __init__(self, read: Callable[[int], Awaitable[list[Funding]]]) -> None:
        self._read = read
        self._known_ms = 0
        self._task: asyncio.Task[None] | None = None

    def know(self, found: list[Funding]) -> None:
        """Take what was read."""
        self._known_ms = max([self._known_ms, *(one.at_ms for one in found)])

    def tell(self, listen: Callable[[Event], None]) -> None:
        """Read and tell what a position shows to have been paid; returns at once."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._tell(listen))

    def stop(self) -> None:
        """Tell no more."""
        if self._task is not None:
            self._task.cancel()

    async def _tell(self, listen: Callable[[Event], None]) -> None:
        try:
            for payment in await self._read(self._known_ms):
                listen(payment)
        except ProductError as error:
            log.warning("funding not read: %s", error.detail)
        await asyncio.sleep(PAYMENTS_S)
