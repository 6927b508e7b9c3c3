"""The grammar of source, strategy_id and symbol (risk.md, "Valid settings")."""

import re
from typing import Any, NamedTuple

from venues.contract.errors import Refused

GRAMMAR = {
    "source": re.compile(r"[a-z][a-z0-9-]{0,31}"),
    "strategy_id": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"),
    "symbol": re.compile(r"[A-Za-z0-9@][A-Za-z0-9@:._-]{0,31}"),
}
LONGEST = {"source": 32, "strategy_id": 64, "symbol": 32}
SENTENCE = {
    "source": "Must be a lower-case letter, then up to 31 of a-z, 0-9 and -.",
    "strategy_id": "Must be a letter or digit, then up to 63 letters, digits, _ . and -.",
    "symbol": "Must be a letter, digit or @, then up to 31 letters, digits, @ : . _ and -.",
}


class StrategyKey(NamedTuple):
    """One strategy within one trader."""

    strategy_id: str
    symbol: str


class RowKey(NamedTuple):
    """One strategy as PM knows it."""

    source: str
    strategy_id: str
    symbol: str


def is_name(field: str, value: Any) -> bool:
    """Tell whether `value` is a well-formed `field` ("source", "strategy_id" or "symbol")."""
    return isinstance(value, str) and GRAMMAR[field].fullmatch(value) is not None


def check_names(**names: Any) -> None:
    """Raise Refused with `fields` unless every name is well-formed: check_names(symbol="BTC")."""
    wrong = {field: [SENTENCE[field]] for field, value in names.items() if not is_name(field, value)}
    if wrong:
        field = next(iter(wrong))
        raise Refused(f"The {field} is not well-formed.", code="invalid", fields=wrong)


def strategy_key(strategy_id: Any, symbol: Any) -> StrategyKey:
    """Give the key of well-formed names; raises Refused."""
    check_names(strategy_id=strategy_id, symbol=symbol)
    return StrategyKey(strategy_id, symbol)


def row_key(source: Any, strategy_id: Any, symbol: Any) -> RowKey:
    """Give the key of well-formed names; raises Refused."""
    check_names(source=source, strategy_id=strategy_id, symbol=symbol)
    return RowKey(source, strategy_id, symbol)
