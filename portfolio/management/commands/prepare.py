"""`manage.py prepare`: makes what a first start needs; quick and harmless at every further one."""

import json
import os
import subprocess
import sys
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portfolio.access import ensure_roles, give_role
from portfolio.firstlogin import keep_first_login
from portfolio.models import Trader
from venues.serving import dotenv, environment, secrets
from venues.serving.database import assert_durable

FIRST_USER = "admin"
MEMORY_LOST = 3  # exit code of inittrader: runtrader starts with everything killed, and must start
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Command(BaseCommand):
    """Prepares secrets, databases, the first user, the registry and the paper accounts."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []  # the tests run them; a start should be quick

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare PM here, and each venue's trader and exchange account in processes of their own."""
        dotenv.check()
        for venue in settings.VENUES:
            secrets.secret(f"{venue.upper()}_TRADER_TOKEN")
        running = [(words, start_child(words)) for words in children()]
        try:
            prepare_pm()
        finally:
            said = dict.fromkeys(line for _, process in running for line in complaints(process))
            for line in said:  # once: what is wrong for one trader is often wrong for all
                self.stderr.write(line)
        failed = [words for words, process in running if process.returncode not in {0, MEMORY_LOST}]
        if failed:
            name = " ".join(word for word in failed[0] if not word.startswith("{"))
            raise CommandError(f"`manage.py {name}` failed{': see above' * bool(said)}.")


def prepare_pm() -> None:
    """Bring PM's database up to date, with its roles, first user and registry."""
    if MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    assert_durable()
    ensure_roles()
    apply_first_user()
    for venue in settings.VENUES:
        register(venue)


def children() -> list[list[str]]:
    """Give the commands that prepare what belongs to other processes."""
    found = [["inittrader", venue] for venue in settings.VENUES]
    accounts = [account for venue in settings.VENUES if (account := paper_account(venue))]
    return [["initexchange", *accounts], *found] if accounts else found


def paper_account(venue: str) -> str | None:
    """Give what the exchange of this machine makes the trader's account of; None where it trades elsewhere.

    The account and the keys that sign for it are made, and kept, at the first call.
    """
    network = import_module(f"venues.{venue}.network")
    address = urlsplit(network.venue_url())
    here = address.hostname in LOOPBACK and address.port == environment.port("EXCHANGE_PORT", 9010)
    if not here:
        return None
    identity = import_module(f"venues.{venue}.identity").make_paper_identity()
    return json.dumps(identity.paper_account())


def start_child(words: list[str]) -> subprocess.Popen[str]:
    """Start another command of `manage.py`, which chooses settings of its own."""
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "manage.py", *words]
    return subprocess.Popen(
        command, cwd=environment.BASE_DIR, env=environ, stderr=subprocess.PIPE, text=True, errors="replace"
    )


def complaints(process: subprocess.Popen[str]) -> list[str]:
    """Wait for a command's end and give the lines that it wrote to standard error."""
    return process.communicate()[1].splitlines()


def apply_first_user() -> None:
    """Make the first user where there is none; PM_ADMIN_PASSWORD, where set, is applied at every start."""
    chosen = chosen_password()
    if chosen is None and User.objects.exists():
        return
    user, made = User.objects.get_or_create(username=FIRST_USER)
    if made:
        give_role(user, "admin")
    if made and chosen is None:
        password = secrets.generated_token()
        user.set_password(password)
        user.save()
        keep_first_login(FIRST_USER, password)
    elif chosen is not None and not user.check_password(chosen):
        user.set_password(chosen)
        user.save()
        if made:
            keep_first_login(FIRST_USER, None)


def chosen_password() -> str | None:
    """Give PM_ADMIN_PASSWORD; None where it is not set.

    What `adduser` would refuse is told of on one machine, and refused where others reach PM.
    """
    chosen = environment.raw("PM_ADMIN_PASSWORD")
    if chosen is None:
        return None
    if not chosen.strip():
        raise ImproperlyConfigured("PM_ADMIN_PASSWORD must not be blank.")
    try:
        validate_password(chosen, User(username=FIRST_USER))
    except ValidationError as error:
        said = f"PM_ADMIN_PASSWORD is weak: {' '.join(error.messages)}"
        if others_reach_pm():
            raise ImproperlyConfigured(f"{said} Others reach PM (BIND, PM_ORIGINS).") from None
        print(f"{said} It would be refused if others reached PM.", file=sys.stderr)
    return chosen


def others_reach_pm() -> bool:
    """Tell whether PM listens beyond loopback, or answers to a name that is not loopback's."""
    own = {*settings.LOOPBACK, *LOOPBACK}
    return settings.BIND not in own or not own.issuperset(settings.ORIGIN_HOSTS)


def register(venue: str) -> None:
    """Put the venue's trader into the registry; a URL that an admin chose elsewhere stays."""
    host = settings.BIND if settings.BIND not in settings.ANYWHERE else "127.0.0.1"
    url = f"http://{environment.in_url(host)}:{settings.TRADER_PORTS[venue]}"
    trader, _ = Trader.objects.get_or_create(source=venue, defaults={"url": url})
    if trader.url != url and urlsplit(trader.url).hostname in LOOPBACK | {host}:
        trader.url = url
        trader.save()
