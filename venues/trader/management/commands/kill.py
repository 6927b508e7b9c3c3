"""`manage.py kill VENUE [strategy_id symbol]`: kills beside the trader, with PM gone (api.md, section 4)."""

import sqlite3
import threading
from argparse import ArgumentParser
from contextlib import closing
from ipaddress import ip_address
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from venues.contract.errors import Refused
from venues.contract.names import StrategyKey, strategy_key
from venues.trader import killfile

PATIENCE_S = 2.0
REASON = "manage.py kill"


class NoAnswer(Exception):
    """The trader did not say that the kill is in force and on disk; the text says what it did."""


class Command(BaseCommand):
    """Asks the trader's API; without its word in 2 s, leaves a file that the trader obeys."""

    help = "Kill one strategy of a trader, or all of them. Works with PM gone and the trader frozen."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the venue, and the strategy unless all are meant."""
        parser.add_argument("venue")
        parser.add_argument("strategy_id", nargs="?")
        parser.add_argument("symbol", nargs="?")

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Kill, and say how it was done."""
        keys = named(options["strategy_id"], options["symbol"])
        try:
            done = within(PATIENCE_S, keys)
        except NoAnswer as error:
            self.leave_file(keys, str(error))
            return
        for key in done:
            self.stdout.write(f"Killed: {key.strategy_id} {key.symbol}, the trader confirms it.")
        if not done:
            self.stdout.write("The trader answers, and has no strategy to kill.")

    def leave_file(self, keys: list[StrategyKey], why: str) -> None:
        """Write the kill file; CommandError where that fails too."""
        path = killfile.path_of(settings.VAR_DIR, settings.TRADER_SOURCE)
        try:
            killfile.write(path, keys)
        except OSError as error:
            said = f"{why} {path} cannot be written: {error.strerror}. Cancel and close at the venue by hand."
            raise CommandError(said) from None
        what = " ".join(keys[0]) if keys else "every strategy"
        self.stdout.write(
            f"{why} Wrote {path}: the trader kills {what} within a second of running, before its first "
            "order. Until then open trades stay open, with their stops at the venue."
        )
        if keys and not is_known(keys[0]):
            self.stderr.write(f"The trader's memory has no strategy {what}: check the name.")


def named(strategy_id: str | None, symbol: str | None) -> list[StrategyKey]:
    """Give the strategy named on the command line, empty for all; CommandError where it is malformed."""
    if strategy_id is None:
        return []
    if symbol is None:
        raise CommandError("Name strategy_id and symbol, or neither to kill every strategy.")
    try:
        return [strategy_key(strategy_id, symbol)]
    except Refused as error:
        raise CommandError(f"{error.detail} {' '.join(said for [said] in error.fields.values())}") from None


def is_known(key: StrategyKey) -> bool:
    """Tell whether the trader ever ran a strategy; a memory that cannot be read says nothing against it."""
    try:
        memory = sqlite3.connect(
            f"file:{settings.DATABASES['default']['NAME']}?mode=ro", uri=True, timeout=0.2
        )
        with closing(memory):
            named = "SELECT 1 FROM trader_strategy WHERE strategy_id = ? AND symbol = ?"
            return memory.execute(named, key).fetchone() is not None
    except sqlite3.Error:
        return True


def within(patience_s: float, keys: list[StrategyKey]) -> list[StrategyKey]:
    """Give what the trader confirms within the time, whatever its connection does; raises NoAnswer."""
    outcome: list[list[StrategyKey] | Exception] = []

    def ask() -> None:
        try:
            outcome.append(ask_trader(keys, patience_s))
        except Exception as error:  # noqa: BLE001  # carried to the waiting thread
            outcome.append(error)

    thread = threading.Thread(target=ask, daemon=True)  # a dripping answer must not hold the command
    thread.start()
    thread.join(patience_s)
    if not outcome:
        raise NoAnswer(f"The trader does not answer within {patience_s:g} s.")
    if isinstance(outcome[0], CommandError | NoAnswer):
        raise outcome[0]
    if isinstance(outcome[0], Exception):
        raise NoAnswer("The trader does not answer.") from outcome[0]
    return outcome[0]


def ask_trader(keys: list[StrategyKey], patience_s: float) -> list[StrategyKey]:
    """Have the trader kill, give what it confirms; NoAnswer, or CommandError for a name it does not have."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {settings.TRADER_TOKEN}"
        if not keys:
            answer = session.get(f"{address()}/api/strategies", timeout=patience_s)
            check(answer)
            keys = [strategy_key(row["strategy_id"], row["symbol"]) for row in answer.json()["strategies"]]
        failures = []
        for key in keys:
            url = f"{address()}/api/strategies/{key.strategy_id}/{key.symbol}/kill"
            try:
                check(session.post(url, json={"reason": REASON}, timeout=patience_s))
            except NoAnswer as error:  # a full disk refuses one and all: each is still in force
                failures.append(error)
    if failures:
        raise failures[0]
    return keys


def check(answer: requests.Response) -> None:
    """Raise unless the trader did what was asked."""
    if answer.status_code == 404:
        raise CommandError("The trader has no such strategy; nothing was killed.")
    if answer.status_code == 503 and b'"not_durable"' in answer.content:
        raise NoAnswer("The trader has closed its gates, but its disk refuses the kill.")
    if answer.status_code != 200:
        raise NoAnswer(f"The trader answers {answer.status_code}.")


def address() -> str:
    """Give where the trader listens, as seen from this machine."""
    host: str = settings.TRADER_BIND
    try:
        bound = ip_address(host)
    except ValueError:  # a name
        return f"http://{host}:{settings.TRADER_PORT}"
    if bound.is_unspecified:
        bound = ip_address("127.0.0.1" if bound.version == 4 else "::1")
    return f"http://{f'[{bound}]' if bound.version == 6 else bound}:{settings.TRADER_PORT}"
