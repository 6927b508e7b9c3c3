"""The one strict JSON parser and the one exact JSON writer of every process."""

import json
import re
from decimal import Decimal
from functools import partial
from typing import Any

import simplejson

from venues.contract.errors import Refused
from venues.contract.money import OddNumber

DEEPEST = 20
LONGEST_NUMBER = 40
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_dumps = partial(simplejson.dumps, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
BRACKET = re.compile(r"[\[\]{}]")


def _bad(why: str) -> Refused:
    return Refused(f"The body is not acceptable JSON: {why}.", code="bad_json")


def _number(literal: str) -> Decimal | OddNumber:
    if len(literal) > LONGEST_NUMBER or "e" in literal or "E" in literal:
        return OddNumber(literal[:LONGEST_NUMBER])
    return Decimal(literal)


def _integer(literal: str) -> int | OddNumber:
    return OddNumber(literal[:LONGEST_NUMBER]) if len(literal) > LONGEST_NUMBER else int(literal)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _bad("a key appears twice")
    return found


def _too_deep(text: str) -> bool:
    depth = 0
    for bracket in BRACKET.findall(TEXT.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            return True
    return False


def is_whole(value: Any) -> bool:
    """Tell whether every text in a parsed value can be sent back as UTF-8."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(is_whole(key) and is_whole(one) for key, one in value.items())
    return not isinstance(value, list) or all(map(is_whole, value))


def strict_json(body: bytes) -> Any:
    """Give the parsed body: decimals as Decimal, odd number literals as OddNumber.

    Raises Refused `bad_json` for what is not UTF-8 or not JSON, for a key that appears twice,
    and for more than 20 levels (api.md, "Errors").
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8") from None
    if text.count("[") + text.count("{") > DEEPEST and _too_deep(text):
        raise _bad(f"it has more than {DEEPEST} levels")
    try:
        value = json.loads(
            text,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=OddNumber,
            object_pairs_hook=_object,
        )
    except (json.JSONDecodeError, RecursionError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else "too deep"
        raise _bad(said[:1].lower() + said[1:]) from None
    if ESCAPED_HALF.search(text) and not is_whole(value):
        raise _bad("it has half a character")
    return value


def _digits(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return simplejson.RawJSON(f"{value:f}")
    raise TypeError(f"{type(value).__name__} has no JSON form here: {value!r}")


def dump_json(value: Any) -> str:
    """Give exact JSON: Decimals as the digits they hold, without exponent, never through a binary float."""
    text = _dumps(value, use_decimal=True)
    if "E+" in text or "E-" in text:  # Decimal writes 1E+3 and 1E-7, which our own parser refuses
        text = _dumps(value, use_decimal=False, default=_digits)
    return text
