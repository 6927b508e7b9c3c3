"""`manage.py createtoken USER`: prints a new token's key, and nothing else, on standard output."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from knox.models import AuthToken

from portfolio.access import role_of

LONGEST_DAYS = 3650


class Command(BaseCommand):
    """Makes a token; only its hash is stored."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []  # the tests run them; a start should be quick

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user and the token's life."""
        parser.add_argument("user")
        parser.add_argument("--days", type=int, default=90, help="how long it is valid (90)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the token and print its key."""
        if not 1 <= options["days"] <= LONGEST_DAYS:
            raise CommandError(f"--days must be from 1 to {LONGEST_DAYS}.")
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}: see `manage.py adduser`.")
        if role_of(user) is None:
            self.stderr.write(f"{user.username} is inactive or has no role: its token will open nothing.")
        _, key = AuthToken.objects.create(user, expiry=timedelta(days=options["days"]))
        self.stdout.write(key)
