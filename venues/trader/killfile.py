"""The kill file: what `manage.py kill` leaves for a trader that does not answer (api.md, section 4).

One JSON object a line: `{"strategy_id", "symbol"}` for one strategy, `{}` for every one, `"cause"`
beside them where it is not the operator. The trader reads it, persists the kills, then clears
exactly what it has read.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venues.contract.errors import Refused
from venues.contract.names import StrategyKey, strategy_key
from venues.contract.states import CAUSES

OPERATOR = "operator"
UNREAD = -1  # the size of a file that could not be read: no clearing takes it away


@dataclass(frozen=True)
class Orders:
    """What a kill file asks for: these strategies, or everything; `size` is the bytes read."""

    keys: tuple[StrategyKey, ...]
    everything: bool
    size: int
    cause: str = OPERATOR


def path_of(directory: Path, source: str) -> Path:
    """Give where a trader looks."""
    return directory / f"{source}.kill"


def sync_directory(directory: Path) -> None:
    """Make names made or removed in a directory durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[int]:
    """Open and lock the file that has the name, not one that was just removed."""
    while True:
        handle = os.open(path, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.fstat(handle).st_ino == path.stat().st_ino:
                    yield handle
                    return
        finally:
            os.close(handle)


def write(path: Path, keys: Sequence[StrategyKey], cause: str = OPERATOR) -> None:
    """Add kills, durably on return; none named means every strategy. Raises OSError."""
    why = {} if cause == OPERATOR else {"cause": cause}
    lines = [{**key._asdict(), **why} for key in keys] or [why]
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    with _locked(path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as handle:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            text = b"\n" + text  # after a line that a crash cut off
        while text:
            text = text[os.write(handle, text) :]
        os.fsync(handle)
    sync_directory(path.parent)


def read(path: Path) -> Orders | None:
    """Give what is asked for, None where there is no file; what cannot be read kills everything."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return Orders((), True, UNREAD)
    lines = [_parsed(line) for line in text.splitlines() if line.strip()]
    named = [_key(line) for line in lines]
    causes = [line["cause"] for line in lines if line.get("cause") in CAUSES]
    keys = tuple(key for key in named if key is not None)
    return Orders(keys, not named or None in named, len(text), causes[0] if causes else OPERATOR)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _key(line: dict[str, Any]) -> StrategyKey | None:
    try:
        return strategy_key(line.get("strategy_id"), line.get("symbol"))
    except Refused:
        return None


def clear(path: Path, orders: Orders) -> None:
    """Remove the file once its kills are persisted, unless more was added since it was read."""
    with suppress(FileNotFoundError), _locked(path, os.O_RDWR) as handle:
        if os.fstat(handle).st_size == orders.size:
            path.unlink()
            sync_directory(path.parent)
