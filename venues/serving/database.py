"""SQLite as every process uses it: WAL, synchronous=FULL, IMMEDIATE transactions, asserted at start."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from environ import Env

from venues.serving import environment

INIT = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"


def sqlite(path: Path, timeout_s: float = 2) -> dict[str, Any]:
    """Give the DATABASES entry of one SQLite file (stack.md, "SQLite")."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": timeout_s, "init_command": INIT}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options, "CONN_MAX_AGE": None}


def configured(path: Path) -> dict[str, Any]:
    """Give the DATABASES entry of DATABASE_URL, or of the SQLite file at `path` where it is not set."""
    url = environment.text("DATABASE_URL")
    if not url:
        return sqlite(path)
    try:
        found: dict[str, Any] = Env.db_url_config(url)
    except Exception:  # noqa: BLE001  # the parser raises whatever its pieces raise
        found = {}
    if found.get("ENGINE") == "django.db.backends.sqlite3":
        return sqlite(Path(found["NAME"]))
    if found.get("ENGINE") != "django.db.backends.postgresql":  # not shown: it may hold a password
        raise ImproperlyConfigured("DATABASE_URL must be like postgres://user:password@host/name.")
    return {**found, "CONN_MAX_AGE": None}


def assert_durable(alias: str = "default") -> None:
    """Refuse to start on a SQLite database that would lose an acknowledged change."""
    connection = connections[alias]
    if connection.vendor != "sqlite":
        return
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with connection.cursor() as cursor:
        for pragma, value in wanted.items():
            found = cursor.execute(f"PRAGMA {pragma}").fetchone()[0]
            if found != value:
                raise ImproperlyConfigured(f"SQLite {pragma} is {found}, must be {value}: not durable.")
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode")
    if mode != "IMMEDIATE":
        raise ImproperlyConfigured(f"SQLite transaction_mode is {mode}, must be IMMEDIATE.")
