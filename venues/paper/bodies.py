"""Readers of what `/paper` is asked: objects without unknown fields, numbers, money."""

from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Any

from venues.contract.errors import Refused, invalid
from venues.contract.money import decimals_of, to_micros, venue_number
from venues.serving.parsers import strict_json

RICHEST = Decimal(10**9)


def json_object(text: bytes) -> Mapping[str, Any]:
    """Give the JSON object of a text; raises Refused."""
    body = strict_json(text)
    if not isinstance(body, Mapping):
        raise Refused("The body must be a JSON object.", code="invalid")
    return body


def refuse_unknown(body: Mapping[str, Any], known: Set[str]) -> None:
    """Raise Refused naming every field that is not known."""
    wrong = {name: ["Unknown field."] for name in body if name not in known}
    if wrong:
        raise invalid(wrong)


def number(value: Any, field: str, highest: Decimal) -> Decimal:
    """Give a number that came as JSON number or text: finite and from 0."""
    try:
        found = venue_number(value)
    except ValueError:
        raise invalid({field: ["Must be a number."]}) from None
    if not 0 <= found <= highest:
        raise invalid({field: [f"Must be from 0 to {highest:f}."]})
    return found


def money(value: Any, field: str) -> int:
    """Give an amount in micros; more than six decimals are refused."""
    amount = number(value, field, RICHEST)
    if decimals_of(amount) > 6:
        raise invalid({field: ["Must have at most 6 decimals."]})
    return to_micros(amount)
