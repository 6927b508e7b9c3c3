"""`manage.py runpm`: PM's pages, API, sockets and links to the traders, in one process."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from venues.serving.database import assert_durable


class Command(BaseCommand):
    """Serves until SIGINT or SIGTERM."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []  # the tests run them; a start should be quick

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the database, then serve with the links on the same loop."""
        assert_durable()
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database is not up to date: run `manage.py prepare` first.")
        connection.close()
        from venues.serving.server import serve  # isort: skip  # installs the reactor: before any other Twisted import

        from portfolio.asgi import application
        from riskcontrol.links import run_links

        code = serve(application, settings.BIND, settings.PM_PORT, run=run_links)
        if code:
            sys.exit(code)
