"""One exchange per memory: a lock file that also says where the running one answers."""

import fcntl
from pathlib import Path

from django.core.management.base import CommandError


class Lock:
    """The lock of one VAR_DIR; the operating system lets go of it when the process ends."""

    def __init__(self, directory: Path) -> None:
        self.file = (directory / "exchange.lock").open("a+")

    def take(self, url: str) -> None:
        """Hold the lock while this process lives; raises CommandError where another one does."""
        holder = self.holder()
        if holder is not None:
            raise CommandError(f"a paper exchange with this VAR_DIR runs already, at {holder}")
        fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.file.truncate(0)
        self.file.write(url)
        self.file.flush()

    def holder(self) -> str | None:
        """Give the address of the exchange that holds the lock; None where none does."""
        try:
            fcntl.flock(self.file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            self.file.seek(0)
            return self.file.read()
        fcntl.flock(self.file, fcntl.LOCK_UN)
        return None
