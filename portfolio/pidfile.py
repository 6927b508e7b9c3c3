"""Which process a file names, and whether it lives."""

import os
from pathlib import Path


def living(file: Path) -> int | None:
    """Give the id that a file holds of another process of this user that lives; None for any other file."""
    try:
        pid = int(file.read_text())
        if pid <= 1 or pid == os.getpid():
            return None
        os.kill(pid, 0)
    except (OSError, ValueError, OverflowError):
        return None
    return pid
