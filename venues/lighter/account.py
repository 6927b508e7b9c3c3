"""The account's row, read anew or of the last moment: what one start asks of it, it asks in a row."""

import time
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from venues.lighter import wire

RECENT_S = 2.0


class Ask(Protocol):
    """Asks for the account's row; `spare` where closing can do without it."""

    def __call__(self, *, spare: bool) -> Awaitable[Any]:
        """Give the venue's answer."""


class AccountRow:
    """The row of one account as it was last read."""

    def __init__(self, ask: Ask, account: int) -> None:
        self._ask = ask
        self._account = account
        self._row: Mapping[str, Any] = {}
        self._read_at = float("-inf")

    async def read(self, *, spare: bool = False) -> Mapping[str, Any]:
        """Read it."""
        began = time.monotonic()
        self._row = wire.account_row(await self._ask(spare=spare), self._account)
        self._read_at = began
        return self._row

    async def recent(self, *, spare: bool = False) -> Mapping[str, Any]:
        """Give it as it was read within 2 s, else read it."""
        is_recent = time.monotonic() - self._read_at < RECENT_S
        return self._row if is_recent else await self.read(spare=spare)

    def forget(self) -> None:
        """Let what was read count no more: it was just changed."""
        self._read_at = float("-inf")
