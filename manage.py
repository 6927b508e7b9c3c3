#!/usr/bin/env python3
"""Starts any of the project's processes; the command chooses the settings module."""

import os
import sys

TRADER_COMMANDS = {"runtrader", "inittrader", "kill"}
EXCHANGE_COMMANDS = {"runexchange", "initexchange"}


def settings_module(words: list[str]) -> str:
    """Give the settings module of the process that the words of a command line ask for."""
    command = words[0] if words else ""
    if command in TRADER_COMMANDS:
        return "venues.trader.settings"
    if command in EXCHANGE_COMMANDS:
        return "venues.paper.settings"
    return "portfolio.settings"


def main() -> None:
    """Run the command; a DJANGO_SETTINGS_MODULE that is set already wins."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module(words))
    if words and words[0] in TRADER_COMMANDS and len(words) > 1:
        os.environ["TRADER_VENUE"] = words[1]  # a trader's settings depend on its venue
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
