"""Puts transactions on their way: a lane for opening, one for closing, nonces that are never lost.

The venue takes any nonce above the key's last one (skip-nonce), so each is the venue's time: a
transaction that never arrived leaves no gap to fill, and one that hangs on the way is void as
soon as a later one arrives. A closing waits for no opening, and an opening that shares its key
waits for every closing, so that none overtakes a close with a higher nonce.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

from venues.contract.errors import ProductError, Refused, Unreachable
from venues.lighter import checks
from venues.lighter.budget import Budget
from venues.lighter.replies import StaleNonce, parsed
from venues.trader.gateways.clock import Nonces, VenueClock

Made = TypeVar("Made")
TURN_S = 6.0


class Signed(NamedTuple):
    """What the SDK's signer gives: type, JSON, hash, or the sentence that says why not."""

    kind: int | None
    info: str | None
    hash: str | None
    error: str | None


Sign = Callable[[int, int], Signed]  # (API key index, nonce)
Post = Callable[[int, str, Callable[[], bool]], Awaitable[str]]


class Lane:
    """The transactions of one purpose, one after the other, under one API key."""

    def __init__(self, key: int, nonces: Nonces) -> None:
        self.key = key
        self.nonces = nonces
        self.turn = asyncio.Lock()


class Sender:
    """Signs, and posts, in the order of the nonces of each lane."""

    def __init__(
        self,
        key: int,
        kill_key: int | None,
        clock: VenueClock,
        budget: Budget,
        post: Post,
        next_nonce: Callable[[int, bool], Awaitable[int]],
    ) -> None:
        self._clock = clock
        self._budget = budget
        self._post = post
        self._next_nonce = next_nonce
        self._opening = Lane(key, Nonces())
        self._closing = Lane(key if kill_key is None else kill_key, Nonces())
        if kill_key is None:
            self._closing.nonces = self._opening.nonces
        self._shares_key = kill_key is None
        self._closings = 0
        self._no_closing = asyncio.Event()
        self._no_closing.set()
        self._signers = ThreadPoolExecutor(2, thread_name_prefix="lighter-sign")

    async def send(self, sign: Sign, permit: Callable[[], bool], *, closing: bool) -> str:
        """Give the hash of a transaction that the venue's API took; see replies.accepted for the rest.

        A refused nonce, which says that nothing was accepted, is replaced once by one that the
        venue's own last nonce is below.
        """
        lane = self._closing if closing else self._opening
        async with self._counted(closing), self._turn(lane, closing):
            try:
                return await self._sent(lane, sign, permit, closing, self._clock.now_ms())
            except StaleNonce:
                known = await self._next_nonce(lane.key, closing)
                return await self._sent(lane, sign, permit, closing, max(known, self._clock.now_ms()))

    async def _sent(
        self, lane: Lane, sign: Sign, permit: Callable[[], bool], closing: bool, least: int
    ) -> str:
        signed = await self.sign(lambda: sign(lane.key, lane.nonces.take(least)))
        if signed.error is not None or signed.kind is None or signed.info is None:
            raise Refused(f"Lighter's signer refused: {signed.error}")
        self._check_stamp(signed.info)
        self._budget.take(closing=closing)
        return await self._post(signed.kind, signed.info, permit)

    def _check_stamp(self, info: str) -> None:
        """Raise Unreachable `clock` for a transaction that has ended: the signer stamps by the wall clock.

        It says 10 minutes on and takes no other time, so a clock as far behind can send nothing.
        """
        ends_ms, now_ms = (parsed(info) or {}).get("ExpiredAt"), self._clock.now_ms()
        if isinstance(ends_ms, int) and ends_ms <= now_ms:
            raise Unreachable(checks.stamped_too_early(self._clock.skew_ms() or 0), code="clock")

    async def sign(self, make: Callable[[], Made]) -> Made:
        """Give what the SDK's signer makes, in a thread: it takes 3 to 12 ms, and frees the interpreter."""
        return await asyncio.get_running_loop().run_in_executor(self._signers, make)

    def close(self) -> None:
        """Sign no more."""
        self._signers.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def _counted(self, closing: bool) -> AsyncIterator[None]:
        self._closings += closing
        if self._closings:
            self._no_closing.clear()
        try:
            yield
        finally:
            self._closings -= closing
            if not self._closings:
                self._no_closing.set()

    @asynccontextmanager
    async def _turn(self, lane: Lane, closing: bool) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN_S):
                await lane.turn.acquire()
        except TimeoutError:
            raise _busy(closing) from None
        try:
            if not closing and self._shares_key:
                try:
                    async with asyncio.timeout(TURN_S):
                        await self._no_closing.wait()
                except TimeoutError:
                    raise _busy(closing) from None
            yield
        finally:
            lane.turn.release()


def _busy(closing: bool) -> ProductError:
    return Unreachable(f"Never sent: the {'closing' if closing else 'order'} lane was busy for {TURN_S:g} s.")
