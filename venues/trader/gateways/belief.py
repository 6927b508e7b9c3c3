"""Readers of a venue's answers: what has another shape, or a number that is none, is not believed."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import update_wrapper
from typing import Any, ParamSpec, TypeVar

from venues.contract.errors import BadAnswer
from venues.contract.money import plain, venue_number

Given = ParamSpec("Given")
Read = TypeVar("Read")
UNBELIEVABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, InvalidOperation)


def believes(venue: str, read: Callable[Given, Read], name: str = "") -> Callable[Given, Read]:
    """Wrap a reader: an answer of another shape, or a number that is none, raises BadAnswer."""
    what = name or read.__name__.replace("_", " ")

    def reader(*args: Given.args, **kwargs: Given.kwargs) -> Read:
        try:
            return read(*args, **kwargs)
        except UNBELIEVABLE as error:
            raise BadAnswer(f"{venue}'s {what} cannot be believed: {error!r}") from error

    return update_wrapper(reader, read)


def milliseconds(value: Any) -> int:
    """Give a time of a venue; raises ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"not a time: {value!r}")
    return value


def positive(text: Any) -> Decimal:
    """Give a size above zero; raises ValueError."""
    size = venue_number(text)
    if size <= 0:
        raise ValueError(f"not a size: {text!r}")
    return plain(size)


def volume(text: Any) -> Decimal:
    """Give a volume from zero up; raises ValueError."""
    found = venue_number(text)
    if found < 0:
        raise ValueError(f"not a volume: {text!r}")
    return found
