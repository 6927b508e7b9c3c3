"""Who did something, as an argument of every write: never ambient."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """A user's name (or `pm`), the face it came through (api, page, admin, command, pm), its address."""

    name: str
    via: str
    ip: str | None = None
