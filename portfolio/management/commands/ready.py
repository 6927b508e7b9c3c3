"""`manage.py ready`: waits until PM is ready, then says where everything is."""

import os
import time
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portfolio.firstlogin import take_first_login
from venues.serving import environment

LIMIT_S = 120.0
ONLINE_LIMIT_S = 5.0


class Command(BaseCommand):
    """Prints PM's address, the first login, traders, exchange, seconds and logs."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []  # the tests run them; a start should be quick

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for /readyz, then print."""
        began = time.time()
        try:
            links = wait_ready(f"http://{local_host()}:{settings.PM_PORT}/readyz")
        except KeyboardInterrupt:
            return
        self.stdout.write("\n".join(ready_lines(links, began)))


def local_host() -> str:
    """Give the host on which PM is reached from this machine, as it stands in a URL."""
    return environment.in_url("127.0.0.1" if settings.BIND in settings.ANYWHERE else settings.BIND)


def wait_ready(url: str) -> dict[str, str]:
    """Give the links' states once /readyz is 200, a moment later where a trader is not online yet.

    Raises CommandError after two minutes.
    """
    until = time.monotonic() + LIMIT_S
    links: dict[str, str] = {}
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < until:
            try:
                answer = session.get(url, timeout=2)
                if answer.status_code == 200:
                    until = until if links else min(until, time.monotonic() + ONLINE_LIMIT_S)
                    links = dict(answer.json()["links"])
                    if set(links.values()) == {"online"}:
                        return links
            except (requests.RequestException, ValueError, KeyError):
                pass  # not up yet: that is what is waited for
            time.sleep(0.1)
    if not links:
        raise CommandError(f"PM was not ready within {LIMIT_S:.0f} s: see {settings.VAR_DIR / 'log'}")
    return links


def ready_lines(links: dict[str, str], began: float) -> list[str]:
    """Give what a person needs to know about a product that has just started."""
    lines = ["", f"PoG PM is ready: {address()}"]
    lines += [f"First login:     {login}" for login in take_first_login()]
    for source, state in links.items():
        port = settings.TRADER_PORTS.get(source)
        where = f" at http://{local_host()}:{port}" if port else ""
        lines.append(f"Trader:          {source} ({network_of(source)}), {state}{where}")
    lines.append(f"Exchange:        {exchange()}")
    started = float(os.environ.get("RUN_STARTED_AT") or began)
    lines.append(f"Started in:      {time.time() - started:.1f} s")
    lines.append(f"Logs:            {settings.VAR_DIR / 'log'}")
    return [*lines, ""]


def address() -> str:
    """Give the address to open in a browser: the first origin that PM takes."""
    return str(settings.PM_ORIGINS[0])


def network_of(source: str) -> str:
    """Give the network that a trader of this machine trades on."""
    if source not in settings.VENUES:
        return "network as configured there"
    from importlib import import_module

    network = import_module(f"venues.{source}.network")
    return str(network.network_of(network.venue_url()))


def exchange() -> str:
    """Say where the paper exchange is, or that none runs here."""
    if os.environ.get("EXCHANGE_HERE") == "false":
        return "none here (the venue is named by its URL)"
    port = environment.port("EXCHANGE_PORT", 9010)
    return f"paper, http://127.0.0.1:{port}, feed {environment.text('EXCHANGE_FEED', 'synthetic')}"
