"""Where prices come from: the Feed protocol, and the reading of EXCHANGE_FEED."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured

from venues.paper.bars import Bar
from venues.paper.replay import Replay, read_rows
from venues.paper.symbols import SYMBOLS, Symbol
from venues.paper.synthetic import Synthetic

State = dict[str, Any]


class Feed(Protocol):
    """The minutes of one symbol, one after the other, in the feed's own coordinates."""

    name: str

    def start(self) -> State:
        """Give the state before the first minute; it is JSON and is kept across restarts."""

    def next(self, minute: int, state: State) -> tuple[Bar, State]:
        """Give the bar of a minute (counted from 1970) and the state after it."""


def feeds(setting: str, seed: int, jumps: bool = True, base: Path | None = None) -> dict[str, Feed]:
    """Give the feed of every symbol for `synthetic`, `replay:FILE` or `replay:BTC=a.csv,ETH=b.csv`.

    Raises ImproperlyConfigured with a sentence. Symbols that a replay does not name stay synthetic.
    """
    found: dict[str, Feed] = {name: Synthetic(symbol, seed, jumps) for name, symbol in SYMBOLS.items()}
    kind, _, rest = setting.partition(":")
    if kind == "synthetic" and not rest:
        return found
    if kind != "replay" or not rest:
        raise ImproperlyConfigured(
            "EXCHANGE_FEED must be synthetic, replay:FILE.csv or replay:BTC=a.csv,ETH=b.csv, "
            f"not {setting!r}."
        )
    files = _files(rest)
    rows = {name: read_rows((base or Path()) / file) for name, file in files.items()}
    first = min(next(iter(minutes)) for minutes in rows.values())
    for name, minutes in rows.items():
        found[name] = Replay(f"replay:{files[name]}", minutes, first)
    return found


def _files(text: str) -> Mapping[str, str]:
    if "=" not in text:
        return {"BTC": text}
    files = {}
    for part in text.split(","):
        name, _, file = part.strip().partition("=")
        if name not in SYMBOLS or not file:
            known = ", ".join(SYMBOLS)
            raise ImproperlyConfigured(f"EXCHANGE_FEED: {part!r} must be SYMBOL=FILE with one of {known}.")
        files[name] = file
    return files


def symbol_of(name: str) -> Symbol:
    """Give a symbol's market."""
    return SYMBOLS[name]
