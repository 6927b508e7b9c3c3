"""`manage.py runtrader VENUE`: the trader process, engine and faces on one loop."""

from venues.serving.server import serve  # isort: skip  # must be the process's first Twisted import

import logging
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from venues.trader import access, facade
from venues.trader.birth import Birthplace, check_disk, pending_migrations
from venues.trader.gateway import Gateway
from venues.trader.gateways.unnamed import Unnamed, open_gateway
from venues.trader.roster import RosterError

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Checks what this machine must offer (risk.md, "Before a trader may trade"), then serves."""

    help = "Run a trader: its engine, API, WebSocket and page."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the venue."""
        parser.add_argument("venue")

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Serve until SIGINT or SIGTERM; a sentence and exit code 1 where it cannot."""
        weak = access.weak_token()
        if weak:
            raise CommandError(weak)
        place = Birthplace(settings.VAR_DIR, settings.TRADER_SOURCE)
        try:
            held = place.lock()
            gateway = open_gateway(settings.TRADER_VENUE)
            if isinstance(gateway, Unnamed):
                log.critical("nothing trades: %s", gateway.why)
            prepare(place, named=not isinstance(gateway, Unnamed))
            engine = build(gateway)
        except RosterError as error:
            raise CommandError(f"{settings.TRADER_VENUE.upper()}_STRATEGIES: {error}") from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        facade.set_engine(engine)
        from venues.trader.asgi import application

        host, port = settings.TRADER_BIND, settings.TRADER_PORT
        log.info("%s starts on http://%s:%s", settings.TRADER_SOURCE, host, port)
        code = serve(application, host, port, run=engine.run, stop=engine.stop)
        held.close()
        sys.exit(code)


def prepare(place: Birthplace, named: bool) -> None:
    """Check database and disk; a lost memory begins anew, with everything killed.

    A trader whose account nobody names needs no mark: it is left once the venue has been asked.
    """
    damage = place.damage()
    command = f"manage.py inittrader {settings.TRADER_VENUE}"
    if damage and not place.is_born():
        raise ImproperlyConfigured(f"{place.database} {damage}: run {command} first.")
    if damage:
        log.critical("%s %s: every strategy starts killed (memory_lost)", place.database, damage)
        place.rebirth()
    elif named and not place.is_born():
        raise ImproperlyConfigured(f"{place.mark} is missing: run {command} first.")
    if pending_migrations():
        raise ImproperlyConfigured(f"{place.database} is of an older version: run {command} first.")
    check_disk(place.directory)


def build(gateway: Gateway) -> facade.Facade:
    """Give the engine on the venue's gateway."""
    from venues.trader.engine import build as build_engine

    engine: facade.Facade = build_engine(settings.TRADER_SOURCE, gateway)
    return engine
