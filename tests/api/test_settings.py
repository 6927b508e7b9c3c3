"""PM's settings: defaults on loopback, what BIND and PM_ORIGINS add, and a sentence for every bad value."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from venues.serving.environment import BASE_DIR

SHOW = """
import json
from portfolio import settings
names = ["ALLOWED_HOSTS", "PM_ORIGINS", "TRADER_HOSTS", "DEBUG"]
names += ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"]
shown = {name: getattr(settings, name) for name in names}
print(json.dumps({**shown, "engine": settings.DATABASES["default"]["ENGINE"]}))
"""
OURS = ("PM_", "BIND", "TRADER_", "DATABASE_URL", "DJANGO_")


def start(tmp_path: Path, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environ |= {"VAR_DIR": str(tmp_path), "ENV_FILE": str(tmp_path / "none"), **given}
    return subprocess.run(
        [sys.executable, *words],
        cwd=BASE_DIR,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def shown(tmp_path: Path, **given: str) -> Any:
    return json.loads(start(tmp_path, "-c", SHOW, **given).stdout)


def test_the_defaults_are_loopback_alone(tmp_path: Path) -> None:
    found = shown(tmp_path)
    assert set(found["ALLOWED_HOSTS"]) == {"127.0.0.1", "localhost", "[::1]"}
    assert found["PM_ORIGINS"] == ["http://127.0.0.1:9004", "http://localhost:9004", "http://[::1]:9004"]
    assert set(found["TRADER_HOSTS"]) == {"127.0.0.1", "localhost", "[::1]"}
    assert not found["DEBUG"]
    assert not found["SESSION_COOKIE_SECURE"]


def test_an_address_of_its_own_and_https_origins(tmp_path: Path) -> None:
    found = shown(tmp_path, BIND="10.0.0.5", PM_PORT="9104")
    assert "10.0.0.5" in found["ALLOWED_HOSTS"]
    assert "http://10.0.0.5:9104" in found["PM_ORIGINS"]
    everywhere = shown(tmp_path, BIND="0.0.0.0", PM_ORIGINS="https://pm.example, https://PM.example:8443/")
    assert everywhere["PM_ORIGINS"] == ["https://pm.example", "https://pm.example:8443"]
    assert "0.0.0.0" not in everywhere["ALLOWED_HOSTS"]
    assert "pm.example" in everywhere["ALLOWED_HOSTS"]
    assert everywhere["SESSION_COOKIE_SECURE"]
    assert everywhere["CSRF_COOKIE_SECURE"]


def test_a_database_url_is_honoured(tmp_path: Path) -> None:
    found = shown(tmp_path, DATABASE_URL="postgres://pm:secret@db.example/pm")
    assert found["engine"] == "django.db.backends.postgresql"
    assert shown(tmp_path)["engine"] == "django.db.backends.sqlite3"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PM_PORT", "http"), ("PM_PORT", "0"), ("PM_PORT", "65536"), ("PM_PORT", "９００４"),
        ("PM_ORIGINS", "pm.example"), ("PM_ORIGINS", "https://pm.example/console"), ("PM_ORIGINS", "*"),
        ("DATABASE_URL", "nonsense"), ("DATABASE_URL", "oracle://pm:secret@db.example/pm"),
        ("BIND", "10.0.0.5:9004"), ("TRADER_HOSTS", "http://10.0.0.7:9002"),
        ("PM_SECRET_KEY_FILE", "/does/not/exist"),
    ],
)  # fmt: skip
def test_a_bad_value_stops_the_start_and_names_the_variable(tmp_path: Path, name: str, value: str) -> None:
    stopped = start(tmp_path, "-c", SHOW, **{name: value})
    assert stopped.returncode != 0
    last = stopped.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert name in last


def test_runpm_says_that_it_is_not_prepared(tmp_path: Path) -> None:
    stopped = start(tmp_path, "manage.py", "runpm")
    assert stopped.returncode == 1
    assert "manage.py prepare" in stopped.stderr
    assert "Traceback" not in stopped.stderr


@pytest.mark.parametrize("command", ["createtoken admin", "adduser olga --role viewer", "clearsessions"])
def test_a_command_before_prepare_says_so_in_a_sentence(tmp_path: Path, command: str) -> None:
    stopped = start(tmp_path, "manage.py", *command.split(), PM_PASSWORD="a-long-password-of-a-test")
    assert stopped.returncode == 1
    assert stopped.stderr.count("\n") == 1
    assert stopped.stderr.endswith("Run `manage.py prepare` first.\n")


def test_a_locked_database_is_not_called_unprepared(tmp_path: Path) -> None:
    start(tmp_path, "manage.py", "migrate")
    with closing(sqlite3.connect(tmp_path / "pm.sqlite3")) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        stopped = start(tmp_path, "manage.py", "clearsessions")
    assert stopped.returncode == 1
    assert stopped.stderr == "The database says: database is locked.\n"


@pytest.mark.parametrize("command", ["kill", "runtrader", "inittrader", "runpm", "runexchange"])
def test_every_command_helps_without_a_venue(tmp_path: Path, command: str) -> None:
    for words in (
        ["manage.py", command, "--help"],
        ["manage.py", command, "-h"],
        ["manage.py", "help", command],
    ):
        helped = start(tmp_path, *words)
        assert helped.returncode == 0, helped.stderr
        assert helped.stdout.startswith(f"usage: manage.py {command}")
