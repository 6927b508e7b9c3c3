"""A trader's database and the mark it was born with: what is there, whether it is whole (risk.md).

A trader that forgot its kills would trade on: so no start makes a database in silence. The mark
`VAR_DIR/<source>.born` stays when the database is lost, and says that there was a memory.
"""

import fcntl
import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from venues.serving.database import assert_durable
from venues.trader import killfile
from venues.trader.killfile import sync_directory

LEAST_FREE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Birthplace:
    """The files of one trader in VAR_DIR."""

    directory: Path
    source: str

    @property
    def database(self) -> Path:
        """The memory."""
        return self.directory / f"{self.source}.sqlite3"

    @property
    def mark(self) -> Path:
        """Says that a database was made here."""
        return self.directory / f"{self.source}.born"

    @property
    def lock_file(self) -> Path:
        """Held by the one process that may touch the database."""
        return self.directory / f"{self.source}.lock"

    def lock(self) -> IO[str]:
        """Give the held lock; it goes with the process. ImproperlyConfigured where another holds it."""
        held = open(self.lock_file, "a+")  # noqa: SIM115  # stays open as long as the process
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            owner = held.read().strip() or "unknown"
            held.close()
            raise ImproperlyConfigured(
                f"Another {self.source} trader runs on {self.directory} (process {owner})."
            ) from None
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        return held

    def is_born(self) -> bool:
        """Tell whether a database was ever made here."""
        return self.mark.exists()

    def damage(self) -> str | None:
        """Give what is wrong with the database as a file; None where it is whole."""
        if not self.database.is_file():
            return "is missing"
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=rw", uri=True, timeout=2)) as opened:
                said = opened.execute("PRAGMA quick_check(1)").fetchone()[0]
                made = opened.execute(
                    "SELECT count(*) FROM django_migrations WHERE app = 'trader'"
                ).fetchone()
        except sqlite3.Error as error:
            return f"cannot be read ({error})"
        if said != "ok":
            return f"is damaged ({said})"
        return None if made[0] else "is empty"

    def leave_mark(self) -> None:
        """Write the mark durably, unless it is there."""
        if self.is_born():
            return
        draft = self.mark.with_suffix(f".{os.getpid()}")
        with open(draft, "w") as out:
            json.dump({"source": self.source, "at": datetime.now(UTC).isoformat()}, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.mark)
        sync_directory(self.directory)

    def set_aside(self) -> list[Path]:
        """Rename what is left of a database, so that nobody's evidence is destroyed; give the files."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        kept = []
        for ending in ("", "-wal", "-shm"):
            found = self.database.with_name(self.database.name + ending)
            if found.exists():
                kept.append(found.rename(found.with_name(f"{self.database.name}.{stamp}{ending}")))
        sync_directory(self.directory)
        return kept

    def make_database(self) -> None:
        """Make the database, or bring it to the present schema."""
        call_command("migrate", interactive=False, verbosity=0)
        connection.close()
        sync_directory(self.directory)

    def rebirth(self) -> None:
        """Begin a memory in place of a lost one, every strategy killed (`memory_lost`).

        The order to kill is on disk before anything is moved, and stays until every kill is, so a
        crash at any statement ends in the same place.
        """
        killfile.write(killfile.path_of(self.directory, self.source), [], cause="memory_lost")
        connection.close()
        self.set_aside()
        self.make_database()


def pending_migrations() -> bool:
    """Tell whether the database is behind the program."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def check_disk(directory: Path) -> None:
    """Raise ImproperlyConfigured unless an acknowledged change will last: durable, writable, with room."""
    free = shutil.disk_usage(directory).free
    if free < LEAST_FREE_BYTES:
        raise ImproperlyConfigured(
            f"{directory} has {free // 2**20} MB free, {LEAST_FREE_BYTES // 2**20} needed."
        )
    assert_durable()
    try:
        with connection.cursor() as cursor:
            starts = cursor.execute("PRAGMA user_version").fetchone()[0]
            cursor.execute(f"PRAGMA user_version = {(starts + 1) % 2**31}")  # a test write: counts starts
    except DatabaseError as error:
        raise ImproperlyConfigured(f"The database in {directory} cannot be written: {error}.") from None
