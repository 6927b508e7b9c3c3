#!/usr/bin/env python3
"""Starts any of the project's processes; the command chooses the settings module."""

import os
import sys

TRADER_COMMANDS = {"runtrader", "inittrader", "kill"}
EXCHANGE_COMMANDS = {"runexchange", "initexchange"}
HELP = {"-h", "--help"}
UNPREPARED = ("no such", "does not exist")  # a table or column, in the words of SQLite and PostgreSQL


def settings_module(command: str) -> str:
    """Give the settings module of the process that a command belongs to."""
    if command in TRADER_COMMANDS:
        return "venues.trader.settings"
    if command in EXCHANGE_COMMANDS:
        return "venues.paper.settings"
    return "portfolio.settings"


def name_venue(words: list[str], helps: bool) -> None:
    """Name the venue of a trader's command, which its settings depend on; help is the same for any."""
    if helps:
        from venues.serving.traders import TRADER_PORTS

        os.environ["TRADER_VENUE"] = next(iter(TRADER_PORTS))
    elif len(words) > 1:
        os.environ["TRADER_VENUE"] = words[1]


def main() -> None:
    """Run the command; a DJANGO_SETTINGS_MODULE that is set already wins."""
    os.umask(0o077)  # databases and logs are their user's alone
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    helps = words[:1] == ["help"] or not HELP.isdisjoint(sys.argv)
    if words[:1] == ["help"]:
        words = words[1:2]
    command = words[0] if words else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module(command))
    if command in TRADER_COMMANDS:
        name_venue(words, helps)
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")
    except (OperationalError, ProgrammingError) as error:
        unprepared = any(words in str(error) for words in UNPREPARED)
        sys.exit(f"The database says: {error}." + unprepared * " Run `manage.py prepare` first.")


if __name__ == "__main__":
    main()
