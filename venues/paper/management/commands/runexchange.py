"""`manage.py runexchange`: serves the paper exchange until it is told to end."""

import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from venues.paper import settings
from venues.paper.birth import describe_feeds, open_exchange
from venues.paper.lock import Lock
from venues.paper.server import Running, open_to
from venues.paper.store import Store
from venues.serving.database import assert_durable


class Command(BaseCommand):
    """Serves the paper exchange."""

    requires_system_checks = ()  # they would load the URLs before there is an exchange to route to
    help = "Run the paper exchange on BIND:EXCHANGE_PORT."

    def handle(self, *args: Any, **options: Any) -> None:
        """Open the memory, serve, and exit with the server's code."""
        from venues.serving.server import serve  # the process's first Twisted import

        lock = Lock(settings.VAR_DIR)
        lock.take(f"http://127.0.0.1:{settings.EXCHANGE_PORT}")
        call_command("migrate", verbosity=0)
        assert_durable()
        connections.close_all()
        store = Store(settings.DATABASES["default"]["NAME"])
        exchange, faces = open_exchange(settings, store)
        running = Running(exchange, faces, store)
        open_to(running)
        from venues.paper.asgi import application  # its routes are the opened exchange's

        speed = settings.EXCHANGE_SPEED
        self.stdout.write(
            f"paper exchange on http://{settings.BIND}:{settings.EXCHANGE_PORT}, "
            f"feed {describe_feeds(exchange.markets)}, speed {speed}"
        )
        sys.exit(serve(application, settings.BIND, settings.EXCHANGE_PORT, running.run, running.stop))
