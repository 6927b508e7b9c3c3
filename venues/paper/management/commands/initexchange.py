"""`manage.py initexchange`: makes the exchange's memory, and the accounts that traders will use."""

import json
from collections.abc import Iterator, Mapping, Sequence
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

    help = "Make the paper exchange's database and, where they are missing, accounts with their keys."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the accounts and their cash."""
        parser.add_argument("--hyperliquid", metavar="ADDRESS", help="the account's public address")
        parser.add_argument("--agent", metavar="ADDRESS", action="append", default=[], help="may sign for it")
        parser.add_argument("--lighter", metavar="INDEX", type=int, help="the account's index")
        said = "an API key's index and its public half; may sign for it"
        parser.add_argument("--key", metavar="INDEX:PUBLICKEY", action="append", default=[], help=said)
        parser.add_argument("--balance", default=str(settings.PAPER_BALANCE), help="USD of a fresh account")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing; a running exchange is asked to do it."""
        bodies = list(_bodies(options))
        lock = Lock(settings.VAR_DIR)
        running = lock.holder()
        if running:
            for body in bodies:
                _ask(f"{running}/paper/accounts", body)
            return
        lock.take("")
        call_command("migrate", verbosity=0)
        connections.close_all()
        if bodies:
            _make(bodies)


def _bodies(options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give what POST /paper/accounts takes for each account that is named."""
    balance = options["balance"]
    if options["hyperliquid"]:
        named = {"address": options["hyperliquid"], "agents": options["agent"]}
        yield {"venue": "hyperliquid", **named, "balance": balance}
    if options["lighter"] is not None:
        keys = dict(_key(text) for text in options["key"])
        yield {"venue": "lighter", "account_index": options["lighter"], "api_keys": keys, "balance": balance}


def _key(text: str) -> tuple[str, str]:
    index, colon, public = text.partition(":")
    if not colon:
        raise CommandError(f"--key must be INDEX:PUBLICKEY, not {text!r}")
    return index, public


def _make(bodies: Sequence[Mapping[str, Any]]) -> None:
    store = Store(settings.DATABASES["default"]["NAME"])
    try:
        exchange, faces = open_exchange(settings, store)
        by_venue = dict(zip(exchange.venues, faces, strict=True))
        for body in bodies:
            account, made = by_venue[body["venue"]].open_account(body)
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
        with urlopen(request, timeout=ANSWER_S):  # loopback, of our own lock file  # nosec B310
            return
    except OSError as error:
        raise CommandError(f"the running paper exchange did not take the account: {error}") from None
