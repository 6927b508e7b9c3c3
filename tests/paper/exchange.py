"""A paper exchange of a test's own: a process on a free port with its own memory."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from eth_account import Account

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 30.0


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class PaperExchange:
    """A running exchange; `with` ends it. Its models are off unless `env` names EXCHANGE_WITHOUT."""

    directory: Path
    port: int
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Give the address that an SDK takes as base URL."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start the process and wait until it answers."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("EXCHANGE_", "DJANGO_"))}
        mine = {"VAR_DIR": str(self.directory), "EXCHANGE_PORT": str(self.port), "BIND": "127.0.0.1"}
        log = (self.directory / "exchange.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "runexchange"],
            cwd=ROOT,
            env={**inherited, "ENV_FILE": str(self.directory / "no.env"), **mine, **self.env},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        until = time.monotonic() + LIMIT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the exchange did not start:\n{self.log()}")
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.ConnectionError:
            return False

    def log(self) -> str:
        """Give what the process has written."""
        return (self.directory / "exchange.log").read_text()

    def account(self, balance: str = "10000", agents: int = 1) -> "PaperAccount":
        """Make an account with its agents."""
        master = Account.create()
        keys = [Account.create() for _ in range(agents)]
        body = {
            "venue": "hyperliquid",
            "address": master.address,
            "agents": [key.address for key in keys],
            "balance": balance,
        }
        answer = requests.post(f"{self.url}/paper/accounts", json=body, timeout=5)
        assert answer.status_code == 201, answer.text
        return PaperAccount(master.address.lower(), master, keys)

    def price(self, symbol: str, price: object) -> None:
        """Move a market to a price."""
        body = {"symbol": symbol, "price": str(price)}
        answer = requests.post(f"{self.url}/paper/price", json=body, timeout=5)
        assert answer.status_code == 200, answer.text

    def state(self, address: str | None = None) -> Any:
        """Give /paper/state, or what it says of one account."""
        state = requests.get(f"{self.url}/paper/state", timeout=5).json()
        if address is None:
            return state
        return next(one for one in state["accounts"] if one["address"] == address.lower())

    def info(self, **request: Any) -> Any:
        """Give the answer of POST /info."""
        answer = requests.post(f"{self.url}/info", json=request, timeout=5)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def kill9(self) -> None:
        """End the process without warning."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def restart(self) -> None:
        """Start the process again on the same memory and port; kills it first if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill9()
        self.start()

    def stop(self) -> None:
        """End the process."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill9()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@dataclass
class PaperAccount:
    """An account's public address, its master key and its agents' keys (eth_account accounts)."""

    address: str
    master: Any
    agents: list[Any]

    @property
    def agent(self) -> Any:
        """Give the first agent's key."""
        return self.agents[0]


STILL = {
    "EXCHANGE_SPEED": "0",
    "EXCHANGE_WITHOUT": "mark,parts,partial_ioc,late_events,late_funding,jumps",
}


def start_exchange(directory: Path, **env: str) -> PaperExchange:
    """Start an exchange in a directory of its own (tmp_path): a still market, or as `env` says.

    Environment variables of api.md, section 4: start_exchange(tmp_path, EXCHANGE_SPEED="600").
    """
    directory.mkdir(parents=True, exist_ok=True)
    return PaperExchange(directory, free_port(), {**STILL, **env}).start()
