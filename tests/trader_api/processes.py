"""Starts a trader's commands, and a trader with a fake engine, as processes of their own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from venues.serving.environment import BASE_DIR

KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
LIMIT_S = 15


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(var: Path, **given: str) -> dict[str, str]:
    """A clean environment: nothing of the test's own settings, no exchange to be found."""
    own = {name: os.environ[name] for name in KEPT if name in os.environ}
    nowhere = f"http://127.0.0.1:{free_port()}"
    base = {"VAR_DIR": str(var), "ENV_FILE": str(var / "none"), "PYTHONUNBUFFERED": "1"}
    return {**own, **base, "HYPERLIQUID_URL": nowhere, "HYPERLIQUID_PORT": str(free_port()), **given}


def manage(var: Path, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=BASE_DIR,
        env=environment(var, **given),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def until(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    """Wait for a condition, with a limit."""
    ends = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < ends, "the condition did not come true"
        time.sleep(0.02)


@contextmanager
def started(words: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that is ended with the block."""
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=BASE_DIR,
        env=env,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_S)


@contextmanager
def fake_trader(var: Path, **given: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A trader's faces over the fake engine, on Daphne; gives its URL and process."""
    env = environment(var, TRADER_VENUE="hyperliquid", **given)
    env["DJANGO_SETTINGS_MODULE"] = "venues.trader.settings"
    url = f"http://127.0.0.1:{env['HYPERLIQUID_PORT']}"
    with started(["-m", "tests.trader_api.serve_fake"], env) as process:
        until(lambda: answers(url) or process.poll() is not None)
        yield url, process


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).status_code == 200
    except requests.RequestException:
        return False
