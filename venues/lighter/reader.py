"""Asks Lighter questions through the SDK: bounded in time, within the minute's budget, parsed exactly."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from venues.contract.errors import BadAnswer, Unreachable
from venues.lighter import replies
from venues.lighter.budget import Budget
from venues.lighter.session import heard

CLOSING_S = 30.0
TOKEN_LIFE_S = 7 * 3600
TOKEN_RENEWED_S = TOKEN_LIFE_S - 1800

Ask = Callable[[], Awaitable[Any]]


class Tokens(Protocol):
    """Makes an auth token that is valid for so many seconds."""

    async def __call__(self, life_s: int) -> str:
        """Give a fresh token."""


class Reader:
    """One account's questions, and its auth token."""

    def __init__(
        self, budget: Budget, make_token: Tokens, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._budget = budget
        self._make_token = make_token
        self._monotonic = monotonic
        self._token = ""
        self._renew_at = float("-inf")
        self._closing_until = float("-inf")
        self.is_closing: Callable[[], bool] = lambda: False
        self.asked = 0
        self.failed = 0

    def note_closing(self) -> None:
        """Let the reads of the next while use what is kept for closing: a close is followed by its fills
        and by the position.
        """
        self._closing_until = self._monotonic() + CLOSING_S

    async def ask(self, ask: Ask, *, closing: bool = False, spare: bool = False) -> Any:
        """Give the answer of a question; raises Unreachable or BadAnswer.

        While something closes every question may use what is kept for that, but a `spare` one.
        """
        closing = closing or self.is_closing() or self._monotonic() < self._closing_until
        self._budget.take(closing=closing and not spare)
        self.asked += 1
        try:
            status, text = await heard(ask, Unreachable)
            return replies.answered(status, text)
        except (Unreachable, BadAnswer):
            self.failed += 1
            raise

    async def ask_private(self, ask: Callable[[str], Awaitable[Any]], *, closing: bool = False) -> Any:
        """Give the answer of a question that needs a token; a refused token is renewed once."""
        used = await self.token()
        try:
            return await self.ask(lambda: ask(used), closing=closing)
        except BadAnswer as error:
            if error.code != "agent_unknown":
                raise
        fresh = await self.fresh_token()
        return await self.ask(lambda: ask(fresh), closing=closing)

    async def token(self) -> str:
        """Give a token that holds for half an hour at least."""
        return await self.fresh_token() if self.is_stale() else self._token

    async def fresh_token(self) -> str:
        """Give a token made now: each connection of the stream begins with one."""
        self._token = await self._make_token(TOKEN_LIFE_S)
        self._renew_at = self._monotonic() + TOKEN_RENEWED_S
        return self._token

    def is_stale(self) -> bool:
        """Tell whether the token in use expires within half an hour."""
        return self._monotonic() >= self._renew_at
