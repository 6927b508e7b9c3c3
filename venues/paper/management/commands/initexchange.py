"""`manage.py initexchange`: makes the exchange's memory, and the account that a trader will use."""

import json
from typing import Any
from urllib.request import Request, urlopen

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from venues.contract.errors import ProductError
from venues.contract.money import to_micros, venue_number
from venues.paper import settings
from venues.paper.birth import open_exchange
from venues.paper.lock import Lock
from venues.paper.store import Store

ANSWER_S = 5


class Command(BaseCommand):
    """Makes the database and accounts; what is there already stays as it is."""

    help = "Make the paper exchange's database and, where it is missing, an account with its agents."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the account and its cash."""
        parser.add_argument("--hyperliquid", metavar="ADDRESS", help="the account's public address")
        parser.add_argument("--agent", metavar="ADDRESS", action="append", default=[], help="may sign for it")
        parser.add_argument("--balance", default=str(settings.PAPER_BALANCE), help="USD of a fresh account")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing; a running exchange is asked to do it."""
        body = {
            "venue": "hyperliquid",
            "address": options["hyperliquid"],
            "agents": options["agent"],
            "balance": options["balance"],
        }
        lock = Lock(settings.VAR_DIR)
        running = lock.holder()
        if running:
            if options["hyperliquid"]:
                _ask(f"{running}/paper/accounts", body)
            return
        lock.take("")
        call_command("migrate", verbosity=0)
        connections.close_all()
        if options["hyperliquid"]:
            _make(body)


def _make(body: dict[str, Any]) -> None:
    store = Store(settings.DATABASES["default"]["NAME"])
    try:
        exchange, faces = open_exchange(settings, store)
        face = dict(zip(exchange.venues, faces, strict=True))[body["venue"]]
        account, made = face.open_account(body)
        if made:
            account.deposits = to_micros(venue_number(body["balance"]))
        exchange.commit()
    except (ProductError, ValueError) as error:
        raise CommandError(str(error)) from None
    finally:
        store.close()


def _ask(url: str, body: dict[str, Any]) -> None:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=ANSWER_S):  # a loopback address of our own lock file
            return
    except OSError as error:
        raise CommandError(f"the running paper exchange did not take the account: {error}") from None
