"""The product as an operator starts it: its own processes, ports and VAR_DIR, ended whatever happens."""

import atexit
import ctypes
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import requests

from venues.serving.traders import TRADER_PORTS

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
BTC_JANUARY = SHARED / "data" / "btc-perp-1m-2022-01.csv"
FALL = "2022-01-05 15:00"  # from here on bitcoin falls for two days, 46 700 to 41 000
ADMIN_PASSWORD = "a-long-password-of-a-test"
VENUES = tuple(TRADER_PORTS)
COMMANDS = {
    "exchange": ["runexchange"],
    **{venue: ["runtrader", venue] for venue in VENUES},
    "pm": ["runpm"],
}
START_LIMIT_S = 60.0
CENT = Decimal("0.01")
BALANCE = Decimal(10000)
PR_SET_PDEATHSIG = 1
# Ours would leak into the children: pytest's settings, and a developer's own configuration.
PREFIXES = tuple(f"{venue.upper()}_" for venue in VENUES)
OURS = ("DJANGO_", "PM_", "EXCHANGE_", "PAPER_", "TRADER_", "PYTEST_", *PREFIXES)

STRATEGY = """
[[strategy]]
strategy_id = "{strategy_id}"
name = "{strategy_id} of a test"
symbol = "{symbol}"
algorithm = "{algorithm}"
leverage = {leverage}
model_reward = 123.4
"""

T = TypeVar("T")
_first: list[Path] = []


def strategy(
    strategy_id: str = "momentum", symbol: str = "BTC", algorithm: str = "always_long", leverage: int = 5
) -> str:
    """Give an entry of a strategies file; by default one that opens at once and stays in."""
    return STRATEGY.format(strategy_id=strategy_id, symbol=symbol, algorithm=algorithm, leverage=leverage)


def recorded_fall(folder: Path) -> str:
    """Write a fall of bitcoin as it was recorded to the folder; gives the feed that replays it."""
    file = folder / "fall.csv"
    head, *bars = BTC_JANUARY.read_text().splitlines(keepends=True)
    file.write_text(head + "".join(bar for bar in bars if bar >= FALL))
    return f"replay:{file}"


def eventually(probe: Callable[[], T], limit_s: float, what: str) -> T:
    """Give the probe's first truthy answer; fails with `what` and the last answer after `limit_s`."""
    until = time.monotonic() + limit_s
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"not within {limit_s:g} s: {what} (last: {answer!r})")
        time.sleep(0.05)


def free_port() -> int:
    """Give a port that nobody listens on at this moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Product:
    """PM, the trader of one venue and the paper exchange; `supervised` starts all, as `make run` does."""

    def __init__(
        self,
        folder: Path,
        *,
        venue: str = "hyperliquid",
        strategies: str | None = None,
        feed: str = "synthetic",
        speed: str = "1",
        supervised: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`strategies` is the text of a strategies file; None takes the shipped one."""
        self.folder = folder
        self.venue = venue
        self.var_dir = folder / "var"
        self.supervised = supervised
        self.ports = {name: free_port() for name in COMMANDS}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._tokens: dict[str, str] = {}
        self._http = requests.Session()
        self._http.trust_env = False
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "ENV_FILE": str(folder / "no.env"),
            "VAR_DIR": str(self.var_dir),
            "PM_PORT": str(self.ports["pm"]),
            **{f"{name.upper()}_PORT": str(self.ports[name]) for name in VENUES},
            "EXCHANGE_PORT": str(self.ports["exchange"]),
            "PM_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "EXCHANGE_FEED": feed,
            "EXCHANGE_SPEED": speed,
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        if strategies is not None:
            file = folder / "strategies.toml"
            file.write_text(strategies)
            self.environment |= {f"{name.upper()}_STRATEGIES": str(file) for name in VENUES}

    # --- life -----------------------------------------------------------------------------

    def start(self, wait: bool = True) -> "Product":
        """Prepare and start everything; returns when PM is ready and shows the trader online."""
        self.prepare()
        if self.supervised:
            self._spawn("supervisor", [sys.executable, "-m", "portfolio.supervise"])
        else:
            for name in ("exchange", self.venue, "pm"):
                self.start_process(name)
        if wait:
            self.wait_ready()
        return self

    def prepare(self) -> None:
        """Run `manage.py prepare`; what the first product of a test run makes, the others begin with."""
        if _first:
            shutil.copytree(_first[0], self.var_dir)
        self.manage("prepare")
        if not _first:
            _first.append(Path(tempfile.mkdtemp()) / "var")
            atexit.register(shutil.rmtree, _first[0].parent, ignore_errors=True)
            shutil.copytree(self.var_dir, _first[0])
        (self.var_dir / "log").mkdir(exist_ok=True)

    def start_process(self, name: str) -> None:
        """Start one process that is not running: "exchange", "pm" or a venue's trader."""
        self._spawn(name, [sys.executable, "manage.py", *COMMANDS[name]])

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait until the exchange answers, /readyz is 200 and names the trader online."""
        self.eventually(self.exchange_answers, limit_s, "the exchange answering")
        self.eventually(lambda: self.link() == "online", limit_s, "PM ready with the trader online")

    def link(self) -> str | None:
        """Give the trader's link state as /readyz has it; None while PM is not ready."""
        try:
            answer = self.api("GET", "/readyz")
        except requests.RequestException:
            return None
        return str(answer.json()["links"][self.venue]) if answer.status_code == 200 else None

    def stop(self) -> None:
        """End every process, gently where that works."""
        children = self.children() if "supervisor" in self.processes else []
        for pid, _ in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        for process in self.processes.values():
            _signal(process, signal.SIGCONT)
            _signal(process, signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait(5)
        for pid, _ in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.processes.clear()
        self._http.close()

    def end(self, name: str) -> None:
        """End one process as an operator would (SIGTERM)."""
        process = self.processes.pop(name)
        _signal(process, signal.SIGTERM)
        process.wait(12)

    def kill9(self, name: str) -> None:
        """Kill one process without a word; a supervisor restarts it, otherwise start_process does."""
        os.kill(self.pid(name), signal.SIGKILL)
        if not self.supervised:
            self.processes.pop(name).wait(5)

    def stop_process(self, name: str) -> None:
        """Freeze one process (SIGSTOP)."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def continue_process(self, name: str) -> None:
        """Let a frozen process go on (SIGCONT)."""
        os.kill(self.pid(name), signal.SIGCONT)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Freeze one process for the length of a block."""
        self.stop_process(name)
        try:
            yield
        finally:
            self.continue_process(name)

    def pid(self, name: str) -> int:
        """Give the process id of "exchange", "pm" or a venue's trader."""
        if not self.supervised:
            return self.processes[name].pid
        words = " ".join(COMMANDS[name])
        found = [pid for pid, command in self.children() if words in command]
        if not found:
            raise ProcessLookupError(f"{name} is not running")
        return found[0]

    def restarted(self, name: str, before: int) -> bool:
        """Tell whether the supervisor runs the process under another id than before."""
        try:
            return self.pid(name) != before
        except ProcessLookupError:
            return False

    def children(self) -> list[tuple[int, str]]:
        """Give (pid, command line) of what the supervisor runs at this moment."""
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        rows = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
        supervisor = str(self.processes["supervisor"].pid)
        return [(int(row[0]), row[2]) for row in rows if len(row) == 3 and row[1] == supervisor]

    def _spawn(self, name: str, command: list[str]) -> None:
        with (self.var_dir / "log" / f"{name}.out").open("ab") as out:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    # --- talking to it --------------------------------------------------------------------

    @property
    def url(self) -> str:
        """PM's address, for a browser."""
        return f"http://127.0.0.1:{self.ports['pm']}"

    @property
    def trader_url(self) -> str:
        """The trader's address."""
        return f"http://127.0.0.1:{self.ports[self.venue]}"

    def manage(self, *words: str, text: str = "", extra: Mapping[str, str] | None = None) -> str:
        """Run a management command; gives its standard output, fails with both streams."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={**self.environment, **(extra or {})},
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {' '.join(words)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def token(self, role: str = "admin") -> str:
        """Give an API token of a user with the role, made on first use; "admin" is the first user."""
        if role not in self._tokens:
            if role != "admin":
                self.manage("adduser", role, "--role", role, extra={"PM_PASSWORD": ADMIN_PASSWORD})
            self._tokens[role] = self.manage("createtoken", role).strip()
        return self._tokens[role]

    def api(
        self,
        method: str,
        path: str,
        json: Any = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Ask PM; `token` is a key from `token()`."""
        sent = {"Authorization": f"Token {token}"} if token else {}
        return self._ask(method, self.url + path, json, {**sent, **(headers or {})})

    def trader(self, method: str, path: str, json: Any = None) -> requests.Response:
        """Ask the trader with its own token."""
        secret = (self.var_dir / "secrets" / f"{self.venue.upper()}_TRADER_TOKEN").read_text().strip()
        return self._ask(method, self.trader_url + path, json, {"Authorization": f"Bearer {secret}"})

    def _ask(self, method: str, url: str, body: Any, headers: dict[str, str]) -> requests.Response:
        """Send a request; bytes go as they are and are called JSON."""
        if isinstance(body, bytes):
            headers = {**headers, "Content-Type": "application/json"}
            return self._http.request(method, url, data=body, headers=headers, timeout=10)
        return self._http.request(method, url, json=body, headers=headers, timeout=10)

    def exchange(self, path: str, json: Any = None) -> Any:
        """GET, or POST where there is a body, one of the exchange's own paths; gives the JSON."""
        url = f"http://127.0.0.1:{self.ports['exchange']}{path}"
        method = "GET" if json is None else "POST"
        answer = self._http.request(method, url, json=json, timeout=10)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def price(self, symbol: str, price: Decimal) -> None:
        """Move the market."""
        self.exchange("/paper/price", {"symbol": symbol, "price": str(price)})

    def order(self, words: str, json: Any = None, key: str = "momentum/BTC") -> requests.Response:
        """Do something to a row as the first user: "enable", "kill", "reset-kill-switch", ..."""
        return self.api("POST", f"/api/risk/{self.venue}/{key}/{words}", json or {}, self.token())

    def change(self, key: str = "momentum/BTC", **settings: Any) -> requests.Response:
        """PUT risk settings as the first user."""
        return self.api("PUT", f"/api/risk/{self.venue}/{key}", settings, self.token())

    # --- what is the case -----------------------------------------------------------------

    def rows(self) -> list[dict[str, Any]]:
        """Give PM's rows, numbers as Decimal."""
        return self.listing()["strategies"]  # type: ignore[no-any-return]

    def listing(self) -> dict[str, Any]:
        """Give PM's whole answer of GET /api/risk/strategies, numbers as Decimal."""
        answer = self.api("GET", "/api/risk/strategies", token=self.token())
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json(parse_float=Decimal)  # type: ignore[no-any-return]

    def row(self, strategy_id: str = "momentum", symbol: str = "BTC") -> dict[str, Any]:
        """Give one of PM's rows."""
        path = f"/api/risk/{self.venue}/{strategy_id}/{symbol}"
        answer = self.api("GET", path, token=self.token())
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json(parse_float=Decimal)  # type: ignore[no-any-return]

    def trader_row(self, strategy_id: str = "momentum", symbol: str = "BTC") -> dict[str, Any]:
        """Give one row as the trader has it."""
        answer = self.trader("GET", f"/api/strategies/{strategy_id}/{symbol}")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json(parse_float=Decimal)  # type: ignore[no-any-return]

    def trader_rows(self) -> list[dict[str, Any]]:
        """Give every row as the trader has it."""
        answer = self.trader("GET", "/api/strategies")
        answer.raise_for_status()
        return list(answer.json(parse_float=Decimal)["strategies"])

    def trader_answers(self) -> bool:
        """Tell whether the trader's own API answers."""
        try:
            return self.trader("GET", "/api/strategies").status_code == 200
        except requests.RequestException:
            return False

    def exchange_answers(self) -> bool:
        """Tell whether the exchange answers."""
        try:
            return bool(self.exchange("/paper/state"))
        except requests.RequestException:
            return False

    def source(self) -> dict[str, Any]:
        """Give the trader's link as PM's list shows it."""
        return next(one for one in self.listing()["sources"] if one["source"] == self.venue)

    def account(self) -> dict[str, Any]:
        """Give the trader's account as the exchange has it (amounts are decimal strings)."""
        accounts = self.exchange("/paper/state")["accounts"]
        return next(one for one in accounts if one["venue"] == self.venue)

    def size(self, symbol: str = "BTC") -> Decimal:
        """Give the signed size the account holds at the exchange."""
        held = [Decimal(one["size"]) for one in self.account()["positions"] if one["symbol"] == symbol]
        return sum(held, Decimal(0))

    def stops(self, symbol: str = "BTC") -> list[dict[str, Any]]:
        """Give the stops resting at the exchange."""
        orders = self.account()["orders"]
        return [one for one in orders if one["symbol"] == symbol and one["trigger_price"]]

    def mark(self, symbol: str = "BTC") -> Decimal:
        """Give the exchange's mark price."""
        return Decimal(self.exchange("/paper/state")["prices"][symbol]["mark"])

    def agrees(self) -> bool:
        """Tell whether the account's profit is what all epochs of the trader's ledgers hold, to the cent."""
        now = dict(self.database("SELECT id, epoch FROM trader_strategy"))
        trades = self.database(
            "SELECT strategy_id, epoch, json_extract(body, '$.pnl') FROM trader_closedtrade"
        )
        earlier = sum((Decimal(str(pnl)) for number, epoch, pnl in trades if epoch < now[number]), Decimal(0))
        pnls = [row["total_pnl"] for row in self.trader_rows()]
        if None in pnls:
            return False  # a trader that has heard no price yet does not know its own
        shown = sum(pnls, Decimal(0))
        account = self.trader("GET", "/api/account").json(parse_float=Decimal)
        profit = Decimal(self.account()["equity"]) - BALANCE
        return abs(profit - shown - earlier - Decimal(account["unattributed"] or 0)) < CENT

    def database(self, statement: str, name: str = "") -> Any:
        """Read from a process's database file, beside the running process; the trader's by default."""
        with closing(
            sqlite3.connect(
                f"file:{self.var_dir / (name or self.venue)}.sqlite3?mode=ro", uri=True, timeout=5
            )
        ) as file:
            return file.execute(statement).fetchall()

    def eventually(self, probe: Callable[[], T], limit_s: float, what: str) -> T:
        """Wait for a condition; a failure shows the ends of the logs."""
        try:
            return eventually(probe, limit_s, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def logs(self, lines: int = 15) -> str:
        """Give the last lines of every log."""
        parts = []
        for file in sorted((self.var_dir / "log").glob("*")):
            end = file.read_text(errors="replace").splitlines()[-lines:]
            parts.append("\n".join([f"--- {file.name}", *end]))
        return "\n".join(parts)


def _die_with_parent() -> None:
    """Ask Linux to end this process with the one that started it: a test run may be killed itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
