"""`manage.py initexchange`: makes the exchange's memory, and the accounts that traders will use."""

from collections.abc import Sequence
from typing import Any
from urllib.request import Request, urlopen

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from venues.contract.errors import ProductError
from venues.paper import settings
from venues.paper.birth import open_exchange
from venues.paper.bodies import json_object
from venues.paper.lock import Lock
from venues.paper.opening import open_account
from venues.paper.store import Store

ANSWER_S = 5


class Command(BaseCommand):
    """Makes the database and accounts; what is there already stays as it is."""

    help = "Make the paper exchange's database and, where they are missing, accounts with their keys."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the accounts."""
        said = "what POST /paper/accounts takes (docs/paper-exchange.md)"
        parser.add_argument("accounts", metavar="JSON", nargs="*", help=said)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing; a running exchange is asked to do it."""
        accounts: list[str] = options["accounts"]
        lock = Lock(settings.VAR_DIR)
        running = lock.holder()
        if running:
            for account in accounts:
                _ask(f"{running}/paper/accounts", account)
            return
        lock.take("")
        call_command("migrate", verbosity=0)
        connections.close_all()
        if accounts:
            _make(accounts)


def _make(accounts: Sequence[str]) -> None:
    store = Store(settings.DATABASES["default"]["NAME"])
    try:
        exchange, faces = open_exchange(settings, store)
        for account in accounts:
            open_account(exchange, faces, json_object(account.encode()))
    except ProductError as error:
        raise CommandError(error.detail) from None
    finally:
        store.close()


def _ask(url: str, account: str) -> None:
    request = Request(url, account.encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=ANSWER_S):  # loopback, of our own lock file  # nosec B310
            return
    except OSError as error:
        raise CommandError(f"the running paper exchange did not take the account: {error}") from None
