"""When the requests of the last minute left, kept so that a killed process's successor knows it.

One write of eight bytes for each, from a thread of its own, into a file of fixed size that is never
synced: kill -9 loses none of them, and neither a slow disk nor a full one holds up what is sent.
"""

import logging
import os
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

log = logging.getLogger(__name__)

SLOT = struct.Struct("<Q")  # microseconds of the machine's monotonic clock, which processes share
MICROS = 1_000_000


class Record:
    """The times of the last `slots` requests in a file; `past` are those of earlier processes.

    `past` is None where the file cannot be read or is no such record. Where there was none, nothing
    has left from here.
    """

    def __init__(self, path: Path, slots: int) -> None:
        self._size = slots * SLOT.size
        self._at = 0
        self._file: int | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix=path.name)
        self.past: list[float] | None = None
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self.past = self._read(self._file)
        except OSError as error:
            log.warning("%s cannot be kept: %s", path, error)

    def begin(self, times: Sequence[float]) -> None:
        """Keep these in place of what is there: what is believed of it."""
        kept = b"".join(SLOT.pack(int(at * MICROS)) for at in times)
        self._at = len(kept) % self._size
        self._disk.submit(self._write, 0, kept.ljust(self._size, b"\0"))

    def add(self, at: float) -> None:
        """Keep a time in place of the oldest one; returns at once."""
        self._disk.submit(self._write, self._at, SLOT.pack(int(at * MICROS)))
        self._at = (self._at + SLOT.size) % self._size

    def close(self) -> None:
        """Write what was given, and no more."""
        self._disk.submit(self._end)
        self._disk.shutdown()

    def _read(self, file: int) -> list[float] | None:
        kept = os.pread(file, self._size + 1, 0)
        if len(kept) != self._size:
            os.ftruncate(file, 0)
            return None if kept else []
        return [value / MICROS for (value,) in SLOT.iter_unpack(kept) if value]

    def _write(self, place: int, kept: bytes) -> None:
        if self._file is None:
            return
        try:
            os.pwrite(self._file, kept, place)
        except OSError as error:
            log.warning("the time of a request is not kept: %s", error)

    def _end(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
