"""Reads what happened from a time on, page by page, newest page first, and gives it oldest first."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar


class Stamped(Protocol):
    """What happened at a venue time."""

    @property
    def at_ms(self) -> int:
        """Give the time in milliseconds."""


Happened = TypeVar("Happened", bound=Stamped)


async def since(
    since_ms: int,
    ask: Callable[[str | None], Awaitable[Any]],
    read: Callable[[Any], list[Happened]],
    oldest_ms: Callable[[Any], int | None],
) -> list[Happened]:
    """Give what `read` finds in each page that `ask` gives for a cursor; pages may overlap.

    `oldest_ms` tells how far back a page goes, None for an empty one: a whole page may be of markets
    that `read` leaves out.
    """
    found: dict[Happened, None] = {}
    cursor: str | None = None
    while True:
        answer = await ask(cursor)
        found = dict.fromkeys(one for one in read(answer) if one.at_ms >= since_ms) | found
        following, oldest = answer.get("next_cursor"), oldest_ms(answer)
        if not following or following == cursor or oldest is None or oldest < since_ms:
            return sorted(found, key=lambda one: one.at_ms)
        cursor = following
