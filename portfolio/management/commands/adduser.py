"""`manage.py adduser NAME --role ROLE`: makes a user with the password of PM_PASSWORD or standard input."""

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from portfolio.access import ROLES, give_role
from venues.serving import environment


class Command(BaseCommand):
    """Makes a user with one role."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []  # the tests run them; a start should be quick

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name and the role."""
        parser.add_argument("name")
        parser.add_argument("--role", choices=ROLES, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the user, or say why not."""
        user = User(username=options["name"])
        password = read_password()
        try:
            validate_password(password, user)
            user.set_password(password)
            user.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic():
            user.save()
            give_role(user, options["role"])
        self.stdout.write(f"{user.username} may log in as {options['role']}.")


def read_password() -> str:
    """Give the password from PM_PASSWORD, a prompt, or the first line of standard input."""
    given = environment.raw("PM_PASSWORD")
    if given is None:
        given = getpass() if sys.stdin.isatty() else sys.stdin.readline()
    password = given.rstrip("\r\n")
    if not password:
        raise CommandError("No password: set PM_PASSWORD or give it on standard input.")
    return password
