"""Threads that speak to the venue, apart by purpose, so that a hung entry never delays a close."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from venues.contract.errors import ProductError, Unreachable

Desk = TypeVar("Desk")
Answer = TypeVar("Answer")


class Lane(Generic[Desk]):
    """One or more threads, each with a desk of its own that `open_desk` makes in that thread.

    A call that has not begun within `limit_s` never does (Unreachable); one that has begun and
    not ended by then raises `late`, and its thread goes on until its own limits end it.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        open_desk: Callable[[], Desk],
        limit_s: float,
        late: Callable[[str], ProductError],
    ) -> None:
        self._name = name
        self._limit_s = limit_s
        self._late = late
        self._open_desk = open_desk
        self._here = threading.local()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"hyperliquid-{name}")

    async def call(self, work: Callable[[Desk], Answer]) -> Answer:
        """Give what `work` gives when called with a desk, in one of the threads."""
        try:
            future = self._pool.submit(self._work, work)
        except RuntimeError:
            raise Unreachable("The gateway has stopped.") from None
        waiter = asyncio.wrap_future(future)
        waiter.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            done, _ = await asyncio.wait({waiter}, timeout=self._limit_s)
        except asyncio.CancelledError:
            future.cancel()
            raise
        if done:
            return future.result()
        if future.cancel():
            raise Unreachable(f"Never sent: the {self._name} lane was busy for {self._limit_s:g} s.")
        raise self._late(f"No answer from Hyperliquid within {self._limit_s:g} s.")

    def close(self) -> None:
        """Take no more calls, drop those that have not begun, wait for none."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, work: Callable[[Desk], Answer]) -> Answer:
        if not hasattr(self._here, "desk"):
            self._here.desk = self._open_desk()
        desk: Desk = self._here.desk
        return work(desk)
