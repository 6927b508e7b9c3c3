"""Starts every process of one machine: ports checked, everything prepared, then this becomes supervisord."""

import errno
import os
import socket
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from portfolio import pidfile
from venues.serving import dotenv, environment
from venues.serving.traders import TRADER_PORTS

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PORTS = {
    "PM_PORT": 9004,
    **{f"{venue.upper()}_PORT": port for venue, port in TRADER_PORTS.items()},
    "EXCHANGE_PORT": 9010,
}


def exchange_is_a_venue() -> bool:
    """Tell whether any trader's venue is the paper exchange of this machine."""
    port = environment.port("EXCHANGE_PORT", PORTS["EXCHANGE_PORT"])
    names = [f"{venue.upper()}_URL" for venue in TRADER_PORTS]
    venues = [urlsplit(environment.url(name, f"http://127.0.0.1:{port}")) for name in names]
    return any(venue.hostname in LOOPBACK and venue.port == port for venue in venues)


def refusal(name: str, host: str, port: int) -> str | None:
    """Give the sentence for a port that cannot be opened, None for one that can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"Port {port} is taken by another program: end that, or choose another with {name}."
            return f"Port {port} on {host} cannot be opened ({error.strerror}): see {name} and BIND."
    return None


def check_ports(names: list[str]) -> None:
    """Raise ImproperlyConfigured, naming port and variable, unless every port is free and used once."""
    host = environment.host("BIND", "127.0.0.1")
    chosen: dict[int, str] = {}
    for name in names:
        port = environment.port(name, PORTS[name])
        if port in chosen:
            raise ImproperlyConfigured(f"{chosen[port]} and {name} are both {port}: give each its own port.")
        chosen[port] = name
        said = refusal(name, host, port)
        if said:
            raise ImproperlyConfigured(running_already() or said)


def running_already() -> str | None:
    """Give a sentence where PoG PM itself has been started on this VAR_DIR and lives."""
    var_dir = environment.var_path()
    pid = pidfile.living(var_dir / "supervisord.pid")
    if pid is None:
        return None
    return f"PoG PM is running already (process {pid}, VAR_DIR {var_dir}): end that one first."


def write_programs(var_dir: Path) -> Path:
    """Write supervisord.conf with a program for each venue's trader; gives the file."""
    config = RawConfigParser()
    config.read(environment.BASE_DIR / "supervisord.conf")
    model = dict(config["program:trader"])
    config.remove_section("program:trader")
    for venue in TRADER_PORTS:
        config[f"program:{venue}"] = {name: value.replace("VENUE", venue) for name, value in model.items()}
    written = var_dir / "supervisord.conf"
    with written.open("w") as file:
        config.write(file)
    return written


def become_supervisord(config: Path) -> NoReturn:
    """Replace this process, so that signals to it reach supervisord."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)])


def main() -> int:
    """Check, prepare, and become supervisord; gives an exit code only where that fails."""
    os.umask(0o077)  # for every process started here: databases and logs are their user's alone
    try:
        dotenv.check()
        here = exchange_is_a_venue()
        check_ports([name for name in PORTS if here or name != "EXCHANGE_PORT"])
        var_dir = environment.var_dir()
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        return 1
    if exposed := environment.exposure():
        print(exposed, file=sys.stderr)
    (var_dir / "log").mkdir(exist_ok=True)
    os.chdir(environment.BASE_DIR)
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    os.environ |= {"VAR_DIR": str(var_dir), "PYTHON": sys.executable, "EXCHANGE_HERE": str(here).lower()}
    try:
        prepared = subprocess.run([sys.executable, "manage.py", "prepare"], check=False)
    except KeyboardInterrupt:
        return 130
    if prepared.returncode:
        return prepared.returncode
    become_supervisord(write_programs(var_dir))


if __name__ == "__main__":
    sys.exit(main())
