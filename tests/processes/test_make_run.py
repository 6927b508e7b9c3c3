"""`make run` from a fresh clone, as a stranger does it: up in time, Ctrl-C ends all, remembered."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.processes.product import OURS, PREFIXES, ROOT, VENUES, eventually, free_port

COLD_S, WARM_S = 90, 10
PORTS = ("PM_PORT", "EXCHANGE_PORT", *(f"{prefix}PORT" for prefix in PREFIXES))


class Clone:
    """A clone, and `make run` in it as the foreground job of a terminal would be."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith((*OURS, "VIRTUAL_ENV", "MAKE"))
            },
            **{name: str(free_port()) for name in PORTS},
            **environment,
        }
        self.pm = f"http://127.0.0.1:{self.environment['PM_PORT']}"
        self.process: subprocess.Popen[str] | None = None
        self.said = folder.parent / "said"

    def make(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run make and wait for it."""
        return subprocess.run(
            ["make", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run(self, limit_s: float) -> float:
        """`make run` until the ready lines are out; gives the seconds it took."""
        began = time.monotonic()
        self.said.write_text("")
        with self.said.open("w") as out:
            self.process = subprocess.Popen(
                ["make", "run"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        eventually(self.is_ready, limit_s, "the ready lines")
        return time.monotonic() - began

    def is_ready(self) -> bool:
        """Tell whether the ready lines are out; fails where make ended instead."""
        assert self.process is not None and self.process.poll() is None, self.said.read_text()
        return "Logs:" in self.said.read_text()

    def session(self) -> list[str]:
        """Give the command lines of what lives in make's session."""
        assert self.process is not None
        listing = subprocess.run(
            ["ps", "-A", "-o", "sid=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(maxsplit=1) for line in listing.splitlines()]
        return [row[1] for row in rows if row[0] == str(self.process.pid) and "<defunct>" not in row[1]]

    def interrupt(self) -> None:
        """Press Ctrl-C: the terminal signals the foreground group."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(12)

    def end(self) -> None:
        """End whatever is left."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(12)

    def manage(self, *words: str) -> str:
        """Run a management command of the clone."""
        python = str(self.folder / ".venv" / "bin" / "python")
        command = [python, "manage.py", *words]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Callable[..., Clone]]:
    """Give a function that clones what is committed here."""
    made: list[Clone] = []

    def begin(**environment: str) -> Clone:
        folder = tmp_path / "clone"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
        made.append(Clone(folder, **environment))
        return made[-1]

    yield begin
    for one in made:
        one.end()


@pytest.mark.slow
def test_a_fresh_clone_is_up_in_time_and_remembers(clone: Callable[..., Clone]) -> None:
    fresh = clone()
    assert fresh.run(COLD_S) <= COLD_S
    said = fresh.said.read_text()
    assert fresh.pm in said
    assert re.search(r"admin / \S{20,}", said), said
    assert all(f"{venue} (paper), online" in said for venue in VENUES)
    assert requests.get(f"{fresh.pm}/readyz", timeout=5).status_code == 200
    token = fresh.manage("createtoken", "admin").strip()
    headers = {"Authorization": f"Token {token}"}
    row = f"{fresh.pm}/api/risk/hyperliquid/momentum/BTC"
    assert requests.put(row, json={"stop_loss_dollars": 4}, headers=headers, timeout=5).status_code == 200

    fresh.interrupt()
    eventually(lambda: not fresh.session(), 5, f"every process ended: {fresh.session()}")

    assert fresh.run(WARM_S) <= WARM_S
    again = fresh.said.read_text()
    assert "admin /" not in again, "the first login is shown once"
    assert requests.get(row, headers=headers, timeout=5).json()["stop_loss_dollars"] == 4
    fresh.interrupt()
    eventually(lambda: not fresh.session(), 5, "every process ended")


def lend_environment(clone: Clone) -> Clone:
    """Let a clone use this project's virtual environment: nothing is installed."""
    (clone.folder / ".venv").symlink_to(ROOT / ".venv")
    return clone


here = pytest.mark.skipif(
    not (ROOT / ".venv" / "requirements.txt").is_file(), reason="`make venv` has not been run"
)


@here
@pytest.mark.parametrize("name", PORTS)
def test_a_taken_port_is_named_before_anything_starts(clone: Callable[..., Clone], name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        stranger = lend_environment(clone(**{name: port}))
        done = stranger.make("run")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1, said
    assert port in said[0]
    assert name in said[0]
    assert not (stranger.folder / "var").exists()


def test_a_python_too_old_is_named_in_a_sentence(clone: Callable[..., Clone], tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\nif [ "$1" = -V ]; then echo "Python 3.9.2"; fi\nexit 1\n')
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    done = clone().make(f"PYTHON={old}", "run")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1, said
    assert "3.11" in said[0]
    assert "3.9.2" in said[0]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_nothing_that_a_run_makes_is_left_to_commit(clone: Callable[..., Clone]) -> None:
    folder = clone().folder
    for name in (".venv", "var", ".env", "x/__pycache__", ".hypothesis"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text("x")
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""
