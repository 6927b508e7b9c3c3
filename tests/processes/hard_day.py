"""A day on which everything fails: processes killed and frozen while operators work and prices move."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import requests

from tests.processes.product import VENUES, Product, strategy

STRATEGIES = "".join(
    strategy(name, symbol, algorithm, leverage)
    for name, symbol, algorithm, leverage in (
        ("momentum", "BTC", "always_long", 5),
        ("reversal", "ETH", "always_short", 10),
        ("breakout", "SOL", "always_long", 3),
    )
)
KEYS = ("momentum/BTC", "reversal/ETH", "breakout/SOL")
PROCESSES = (*VENUES, *VENUES, "exchange", "pm")  # traders twice: they hold the promises
LIMITS = {"stop_loss_dollars": (2, 9), "max_strategy_loss": (5, 40), "risk_per_trade": (1, 4)}
ORDERS = ("enable", "disable", "kill", "close", "reset-kill-switch", "reset-kill-switch")
STEPS = ["price"] * 10 + ["jump"] * 2 + ["crash"] * 4 + ["freeze"] * 4 + ["change"] * 8 + ["order"] * 10
UNREACHABLE = {"trader_unreachable", "trader_bad_answer", "not_durable"}
SETTINGS = ("risk_per_trade", "stop_loss_dollars", "max_strategy_loss", "enabled", "revision")

Row = tuple[str, str]


class HardDay:
    """One random sequence on one product, and what it must have kept."""

    def __init__(self, product: Product, seed: int) -> None:
        self.product = product
        self.random = random.Random(seed)
        self.accepted: dict[Row, dict[str, Any]] = {}
        self.killed: dict[Row, int] = {}
        self.frozen: set[str] = set()
        self.token = product.token()

    # --- what happens ---------------------------------------------------------------------

    def step(self) -> None:
        """Let one thing happen; a process that is away at that moment is part of the day."""
        venue, key = self.random.choice(VENUES), self.random.choice(KEYS)
        happening = getattr(self, self.random.choice(STEPS))
        with suppress(requests.RequestException, ProcessLookupError):
            happening(venue, key)
        self.remember_kills()
        time.sleep(self.random.random() / 2)

    def price(self, venue: str, key: str, spread: float = 0.002) -> None:
        symbol = key.partition("/")[2]
        factor = Decimal(str(round(1 + self.random.gauss(0, spread), 5)))
        self.product.price(symbol, (self.product.mark(symbol) * factor).quantize(Decimal("0.1")))

    def jump(self, venue: str, key: str) -> None:
        self.price(venue, key, 0.02)

    def crash(self, venue: str, key: str) -> None:
        name = self.random.choice(PROCESSES)
        if name not in self.frozen:
            self.product.kill9(name)

    def freeze(self, venue: str, key: str) -> None:
        name = self.random.choice(PROCESSES)
        if name in self.frozen:
            return
        self.product.stop_process(name)
        self.frozen.add(name)
        threading.Timer(self.random.choice([0.3, 1, 4, 9]), self.thaw, [name]).start()

    def thaw(self, name: str) -> None:
        with suppress(ProcessLookupError):
            self.product.continue_process(name)
        self.frozen.discard(name)

    def change(self, venue: str, key: str) -> None:
        field = self.random.choice(list(LIMITS))
        value = self.random.randint(*LIMITS[field])
        known = self.accepted.setdefault((venue, key), {})
        known.pop(field, None)  # without an answer either value may be in force
        if self.ask("PUT", venue, key, "", {field: value}).status_code in {200, 202}:
            known[field] = value

    def order(self, venue: str, key: str) -> None:
        self.ask("POST", venue, key, "/" + self.random.choice(ORDERS), {})

    def ask(self, method: str, venue: str, key: str, words: str, body: Any) -> requests.Response:
        answer = self.product.api(method, f"/api/risk/{venue}/{key}{words}", body, self.token)
        assert answer.status_code < 500 or answer.json()["code"] in UNREACHABLE, answer.text
        return answer

    # --- what must hold -------------------------------------------------------------------

    def venues(self) -> Iterator[str]:
        """Turn the product to each venue."""
        for venue in VENUES:
            self.product.venue = venue
            yield venue

    def remember_kills(self) -> None:
        """A kill once seen is there until a later epoch."""
        for venue in self.venues():
            with suppress(requests.RequestException):
                for row in self.product.trader_rows():
                    self.remember_kill((venue, f"{row['strategy_id']}/{row['symbol']}"), row)

    def remember_kill(self, name: Row, row: dict[str, Any]) -> None:
        if row["is_killed"]:
            self.killed[name] = row["epoch"]
        elif name in self.killed:
            assert row["epoch"] > self.killed.pop(name), f"{name}: the kill is gone: {row}"

    def settle(self) -> None:
        """Let everything come back."""
        self.product.eventually(lambda: not self.frozen, 15, "every process going on")
        for _ in self.venues():
            self.product.wait_ready()

    def check(self) -> None:
        """Compare what PM, the traders and the exchange hold."""
        self.remember_kills()
        for venue in self.venues():
            for key in KEYS:
                self.check_row((venue, key), *key.split("/"))
            what = f"{venue}: the account to the cent"
            self.product.eventually(lambda: self.product.agrees(), 30, what)

    def check_row(self, name: Row, strategy_id: str, symbol: str) -> None:
        product = self.product
        product.eventually(
            lambda: product.row(strategy_id, symbol)["sync"] == "applied", 30, f"{name} applied"
        )
        row, told = product.row(strategy_id, symbol), product.trader_row(strategy_id, symbol)
        assert {field: row[field] for field in SETTINGS} == {field: told[field] for field in SETTINGS}
        kept = self.accepted.get(name, {})
        assert {field: row[field] for field in kept} == kept, f"{name}: an accepted change is lost"
        product.eventually(lambda: self.flat_or_covered(strategy_id, symbol), 60, f"{name} flat or covered")

    def flat_or_covered(self, strategy_id: str, symbol: str) -> bool:
        """Tell whether a killed one is confirmed flat and is, and an open trade has its stop at the venue."""
        row, size = self.product.trader_row(strategy_id, symbol), abs(self.product.size(symbol))
        if row["is_killed"]:
            return row["kill"]["state"] == "flat_confirmed" and size == 0
        return size <= sum(abs(Decimal(stop["size"])) for stop in self.product.stops(symbol))


@contextmanager
def on(product: Product, seed: int) -> Iterator[HardDay]:
    """Begin a day with both traders online and every strategy adopted."""
    day = HardDay(product, seed)
    try:
        day.settle()
        yield day
    finally:
        for name in list(day.frozen):
            day.thaw(name)
