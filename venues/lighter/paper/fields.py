"""Reads the parts of Lighter's requests strictly; what does not fit is refused with the code given."""

from collections.abc import Mapping
from typing import Any

from venues.contract.errors import Refused
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.markets import BY_NUMBER, LighterInstrument
from venues.paper.exchange import Exchange
from venues.serving.parsers import strict_json

BAD_INFO = 21501
BAD_PARAM = 20001
Json = dict[str, Any]


def mapping(value: Any) -> Mapping[str, Any]:
    """Give an object."""
    if not isinstance(value, Mapping):
        raise Refusal(BAD_INFO, "must be an object")
    return value


def whole(info: Mapping[str, Any], name: str, high: int = 2**63, low: int = 0) -> int:
    """Give a whole number of a transaction."""
    value = info.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refusal(BAD_INFO, name)
    return value


def parsed(text: Any, code: int = BAD_INFO) -> Any:
    """Give the value of JSON that came as text."""
    if not isinstance(text, str):
        raise Refusal(code, "must be JSON text")
    try:
        return strict_json(text.encode("utf-8", "replace"))
    except Refused as refused:
        raise Refusal(code, refused.detail) from None


def market(x: Exchange, number: int) -> LighterInstrument:
    """Give the market of an id."""
    found = BY_NUMBER.get(number)
    if found is None or found.symbol not in x.markets:
        raise Refusal(21602, str(number))
    return found


class Query:
    """The query parameters of a read."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given

    def text(self, name: str, default: str | None = None) -> str:
        """Give a parameter as text."""
        value = self.given.get(name, default)
        if value is None or not value.isprintable():
            raise Refusal(BAD_PARAM, f"{name} is missing" if value is None else name)
        return value

    def whole(self, name: str, default: int | None = None, high: int = 2**63, low: int = 0) -> int:
        """Give a parameter as a whole number."""
        value = self.given.get(name)
        if value is None and default is not None:
            return default
        plain = self.text(name)
        if not plain.isascii() or not plain.isdigit() or len(plain) > 20 or not low <= int(plain) <= high:
            raise Refusal(BAD_PARAM, name)
        return int(plain)

    def has(self, name: str) -> bool:
        """Tell whether a parameter came."""
        return bool(self.given.get(name))
