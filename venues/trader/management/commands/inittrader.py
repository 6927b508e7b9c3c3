"""`manage.py inittrader VENUE`: makes a trader's database, the only thing that does (risk.md)."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from venues.contract.errors import ProductError
from venues.trader.birth import Birthplace, pending_migrations
from venues.trader.clientid import is_ours
from venues.trader.gateway import Gateway
from venues.trader.gateways.unnamed import Unnamed, open_gateway

MEMORY_LOST = 3  # exit code: nothing was made; runtrader takes over, with everything killed
VENUE_LIMIT_S = 10.0


class Command(BaseCommand):
    """Makes the database and leaves the mark beside it; does nothing where both are whole."""

    help = "Make a trader's database. Safe to repeat; refuses to replace a lost memory without --new."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the venue."""
        parser.add_argument("venue")
        said = "begin a memory where one was lost; needs a venue without orders of this trader"
        parser.add_argument("--new", action="store_true", help=said)

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Make what is missing, and say what was done."""
        place = Birthplace(settings.VAR_DIR, settings.TRADER_SOURCE)
        damage = place.damage()
        if damage is None and place.is_born() and not pending_migrations() and not options["new"]:
            self.stdout.write(f"{place.database} is there.")
            return
        held = place.lock()
        try:
            self.make(place, damage, options["new"])
        finally:
            held.close()

    def make(self, place: Birthplace, damage: str | None, anew: bool) -> None:
        """Make, repeat or refuse, by what is there."""
        if place.is_born() and damage and not anew:
            said = f"{place.mark.name} says that a trader lived here, and {place.database} {damage}."
            way = "runtrader starts with every strategy killed; to begin anew while flat: inittrader --new."
            raise CommandError(f"{said} {way}", returncode=MEMORY_LOST)
        unnamed = ask_venue(anew) if damage or anew or not place.is_born() else None
        for path in place.set_aside() if damage or anew else ():
            self.stdout.write(f"Kept the old file as {path}.")
        place.make_database()
        if unnamed:  # without the mark: the venue is asked once it can be
            self.stdout.write(f"{place.database} is ready, and its trader will not trade: {unnamed}")
            return
        place.leave_mark()
        self.stdout.write(f"{place.database} is ready.")


def ask_venue(anew: bool) -> str | None:
    """Raise CommandError where a memory must not begin; give why where the venue cannot be asked yet.

    A first memory may wait for its account to be named; one in place of another may not.
    """
    gateway = open_gateway(settings.TRADER_VENUE)
    if not isinstance(gateway, Unnamed):
        refuse_where_orders_rest(gateway)
        return None
    if anew:
        raise CommandError(gateway.why)
    return gateway.why


def refuse_where_orders_rest(gateway: Gateway) -> None:
    """Raise CommandError where the venue shows orders of ours, or, on a real one, says nothing."""
    try:
        ours = asyncio.run(asyncio.wait_for(count_ours(gateway), VENUE_LIMIT_S))
    except (ProductError, OSError, TimeoutError) as error:
        if gateway.network == "paper":  # its exchange may be started after us
            return
        said = f"{settings.TRADER_VENUE} ({gateway.network}) does not say which orders rest there: {error}"
        raise CommandError(f"{said}. Nothing was made.") from None
    if ours:
        raise CommandError(
            f"{settings.TRADER_VENUE} shows {ours} resting orders of this trader, whose memory is not here: "
            "restore its database, or cancel them and close their positions at the venue first."
        )


async def count_ours(gateway: Gateway) -> int:
    """Give how many resting orders carry our prefix."""
    try:
        resting = await gateway.open_orders()
    finally:
        await gateway.stop()
    return sum(is_ours(order.client_id, gateway.client_id_bits) for order in resting)
