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
) -> list[Happened]:
    """Give what `read` finds in each page that `ask` gives for a cursor; pages may overlap."""
    found: dict[Happened, None] = {}
    cursor: str | None = None
    while True:
        answer = await ask(cursor)
        page = read(answer)
        found = dict.fromkeys(one for one in page if one.at_ms >= since_ms) | found
        following = answer.get("next_cursor")
        if not following or following == cursor or not page or page[0].at_ms < since_ms:
            return sorted(found, key=lambda one: one.at_ms)
        cursor = following
