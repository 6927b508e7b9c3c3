"""`manage.py ready`: waits until PM is ready, then says where everything is."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portfolio import pidfile
from portfolio.firstlogin import take_first_login
from venues.adapter import TraderAdapter
from venues.contract.errors import ProductError
from venues.serving import environment, secrets

LIMIT_S = 120.0
ONLINE_LIMIT_S = 5.0
TRADING_LIMIT_S = 5.0


class Command(BaseCommand):
    """Prints PM's address, the first login, traders and what halts them, exchange, seconds and logs."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []  # the tests run them; a start should be quick

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for /readyz, then print."""
        began = time.time()
        try:
            links = wait_ready(f"http://{local_host()}:{settings.PM_PORT}/readyz")
            halts = wait_trading([source for source in settings.VENUES if links.get(source) == "online"])
        except KeyboardInterrupt:
            return
        self.stdout.write("\n".join(ready_lines(links, halts, began)))


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


def wait_trading(sources: Sequence[str]) -> dict[str, str]:
    """Give what halts the traders of this machine; a start has a few seconds to find all in order."""
    until = time.monotonic() + TRADING_LIMIT_S
    while True:
        found = {source: said for source in sources if (said := halt_of(source))}
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.2)


def halt_of(source: str) -> str | None:
    """Give why a trader of this machine opens nothing, in its own words; None where it does or is silent."""
    adapter = TraderAdapter(trader_address(source), secrets.find(f"{source.upper()}_TRADER_TOKEN"))
    try:
        return adapter.account().halted
    except ProductError:
        return None


def trader_address(source: str) -> str:
    """Give the address of a trader of this machine."""
    return f"http://{local_host()}:{settings.TRADER_PORTS[source]}"


def ready_lines(links: dict[str, str], halts: Mapping[str, str], began: float) -> list[str]:
    """Give what a person needs to know about a product that has just started."""
    started = float(os.environ.get("RUN_STARTED_AT") or began)
    lines = ["", f"PoG PM is ready: {address()}"]
    lines += [f"First login:     {login}" for login in take_first_login()]
    for source, state in links.items():
        where = f" at {trader_address(source)}" if source in settings.VENUES else ""
        lines.append(f"Trader:          {source} ({network_of(source)}), {state}{where}")
        if source in halts:
            lines.append(f"                 HALTED, opens nothing: {halts[source]}")
        elif state == "offline":
            late = source in settings.VENUES and is_starting(source, started)
            word = "still starting" if late else "OFFLINE"
            lines.append(f"                 {word}: see {log_of(source)}")
    lines.append(f"Exchange:        {exchange()}")
    lines.append(f"Started in:      {time.time() - started:.1f} s")
    lines.append(f"Logs:            {settings.VAR_DIR / 'log'}")
    lines.append("End:             Ctrl-C, in a few seconds; open trades stay open, with their stops")
    return [*lines, ""]


def log_of(source: str) -> Path:
    """Give the log of a trader of this machine."""
    return Path(settings.VAR_DIR / "log" / f"{source}.log")


def is_starting(source: str, started: float) -> bool:
    """Tell whether a trader of this machine is only late: it holds its memory, or has said nothing yet.

    One that was refused has said why since `started`, in seconds of the wall clock, and is gone.
    """
    if pidfile.living(settings.VAR_DIR / f"{source}.lock"):
        return True
    log = log_of(source)
    return log.is_file() and not (log.stat().st_size and log.stat().st_mtime >= started)


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
