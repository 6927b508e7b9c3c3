"""Reads the parts of a Hyperliquid request strictly: what does not fit is a 422, as at the venue."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from venues.paper.exchange import Exchange
from venues.paper.instruments import Instrument

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
CLOID = re.compile(r"0x[0-9a-fA-F]{32}")
NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
VENUE = "hyperliquid"


class BadShape(Exception):
    """A body that is not of the type the venue expects: HTTP 422, plain text."""


def mapping(value: Any) -> Mapping[str, Any]:
    """Give an object."""
    if not isinstance(value, Mapping):
        raise BadShape
    return value


def items(value: Any) -> list[Any]:
    """Give a list."""
    if not isinstance(value, list):
        raise BadShape
    return value


def whole(value: Any, high: int = 2**53) -> int:
    """Give a whole number from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= high:
        raise BadShape
    return value


def optional_whole(value: Any) -> int | None:
    """Give a whole number from 0, or None."""
    return None if value is None else whole(value)


def flag(value: Any) -> bool:
    """Give a boolean."""
    if not isinstance(value, bool):
        raise BadShape
    return value


def word(value: Any) -> str:
    """Give a text."""
    if not isinstance(value, str):
        raise BadShape
    return value


def address(value: Any) -> str:
    """Give an address in lower case."""
    if not isinstance(value, str) or not ADDRESS.fullmatch(value):
        raise BadShape
    return value.lower()


def cloid(value: Any) -> str:
    """Give a client order id in lower case."""
    if not isinstance(value, str) or not CLOID.fullmatch(value):
        raise BadShape
    return value.lower()


def decimal(value: Any) -> Decimal:
    """Give a decimal that came as text."""
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise BadShape
    try:
        return Decimal(value)
    except InvalidOperation:
        raise BadShape from None


def price(value: Any) -> int:
    """Give a price in micros; one with more than six decimals cannot be on any tick: -1."""
    scaled = decimal(value).scaleb(6)
    return int(scaled) if scaled == scaled.to_integral_value() else -1


def instrument(x: Exchange, asset: Any) -> Instrument:
    """Give the instrument of an asset id."""
    found = x.venues[VENUE].by_number(whole(asset))
    if found is None:
        raise BadShape
    return found


def coin(x: Exchange, name: Any) -> Instrument:
    """Give the instrument of a coin."""
    found = x.venues[VENUE].instruments.get(word(name))
    if found is None:
        raise BadShape
    return found
