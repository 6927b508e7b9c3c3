"""Strict numbers and micro-dollars: money is an integer where a decision is made, Decimal at the edges."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, NewType

MICRO = 1_000_000
MOST_DIGITS = 18
NUMERAL = re.compile(r"[-+0-9.eE]+")
Micros = NewType("Micros", int)


@dataclass(frozen=True)
class OddNumber:
    """A number literal that a JSON parser may tolerate and we do not: `1e3`, `NaN`, `Infinity`."""

    literal: str


class NotANumber(ValueError):
    """A value that is not a plain number; its text is the sentence for a person."""


def strict_number(value: Any) -> Decimal:
    """Give a parsed JSON value as Decimal, or raise NotANumber with a sentence.

    Only JSON numbers without exponent pass: no strings, booleans, null, NaN, ±Infinity, `1e3`
    (spec: risk.md, "Valid settings").
    """
    if isinstance(value, OddNumber):
        raise NotANumber("Must be a plain number without exponent.")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise NotANumber("Must be a number.")
    number = Decimal(value)
    if not number.is_finite():
        raise NotANumber("Must be a finite number.")
    return number


def decimals_of(number: Decimal) -> int:
    """Give how many digits stand after the point, trailing zeros not counted."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def to_micros(amount: Decimal) -> Micros:
    """Give dollars as whole micro-dollars, half to even; raises ValueError where not finite."""
    if not amount.is_finite():
        raise ValueError(f"not a finite amount: {amount}")
    return Micros(int((amount * MICRO).to_integral_value(rounding=ROUND_HALF_EVEN)))


def from_micros(micros: int) -> Decimal:
    """Give micro-dollars as dollars with up to six decimals, exactly, without trailing zeros."""
    return plain(Decimal(micros).scaleb(-6))


def plain(number: Decimal) -> Decimal:
    """Give the same number without trailing zeros and without an exponent above zero."""
    if not number:
        return Decimal(0)
    short = number.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short


def venue_number(text: Any) -> Decimal:
    """Give a venue's decimal string (or number) as a finite Decimal; raises ValueError otherwise.

    Past 18 digits on either side of the point it is finite and still nothing to calculate with.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise ValueError(f"not a number: {text!r}")
    if isinstance(text, str) and not NUMERAL.fullmatch(text):  # Decimal takes `1_000` and `１２` too
        raise ValueError(f"not a number: {text!r}")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"not a number: {text!r}") from None
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"not a finite number: {text!r}")
    return number


def venue_price(text: Any) -> Decimal:
    """Give a venue's price; a non-finite or non-positive one is a failed read (risk.md, "Words")."""
    price = venue_number(text)
    if price <= 0:
        raise ValueError(f"not a price: {text!r}")
    return price
