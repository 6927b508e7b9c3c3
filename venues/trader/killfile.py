"""The kill file: what `manage.py kill` leaves for a trader that does not answer (api.md, section 4).

One JSON object a line: `{"strategy_id", "symbol"}` for one strategy, `{}` for every one. The trader
reads it, persists the kills, then clears exactly what it has read.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from venues.contract.errors import Refused
from venues.contract.names import StrategyKey, strategy_key


@dataclass(frozen=True)
class Orders:
    """What a kill file asks for: these strategies, or everything; `size` is the bytes read."""

    keys: tuple[StrategyKey, ...]
    everything: bool
    size: int


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


def write(path: Path, keys: Sequence[StrategyKey]) -> None:
    """Add kills, durably on return; none named means every strategy. Raises OSError."""
    lines = [{"strategy_id": key.strategy_id, "symbol": key.symbol} for key in keys] or [{}]
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
    """Give what is asked for, None where there is no file; a line that cannot be read kills everything."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    found = [_line(line) for line in text.splitlines() if line.strip()]
    keys = tuple(key for key in found if key is not None)
    return Orders(keys, everything=not found or None in found, size=len(text))


def _line(line: bytes) -> StrategyKey | None:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    try:
        return strategy_key(data.get("strategy_id"), data.get("symbol"))
    except Refused:
        return None


def clear(path: Path, orders: Orders) -> None:
    """Remove the file once its kills are persisted, unless more was added since it was read."""
    with suppress(FileNotFoundError), _locked(path, os.O_RDWR) as handle:
        if os.fstat(handle).st_size == orders.size:
            path.unlink()
            sync_directory(path.parent)
