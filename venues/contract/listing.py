"""All rows that a trader reports at once: those that can be read, and what is wrong with the others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from venues.contract.errors import BadAnswer
from venues.contract.names import StrategyKey, is_name
from venues.contract.states import StrategyState


class Unread(NamedTuple):
    """A row that cannot be read: whose it is, where it says so itself, and what is wrong with which field."""

    key: StrategyKey | None
    said: str


class Listing(NamedTuple):
    """Every strategy of a trader, read or not."""

    states: tuple[StrategyState, ...]
    unread: tuple[Unread, ...]


def read_listing(rows: Sequence[Any]) -> Listing:
    """Give a trader's rows: one that cannot be read costs no other; raises BadAnswer where none can.

    A strategy that comes twice is read neither time: nobody knows which of the two holds.
    """
    states: list[StrategyState] = []
    unread: list[Unread] = []
    often = Counter(_key(row) for row in rows)
    for place, row in enumerate(rows, 1):
        key = _key(row)
        try:
            if key is not None and often[key] > 1:
                raise BadAnswer(f"{'/'.join(key)}: reported twice")
            states.append(StrategyState.from_json(row))
        except BadAnswer as error:
            said = error.detail if key else f"row {place}: {error.detail}"
            unread.append(Unread(key, said))
    if unread and not states:
        raise BadAnswer(in_a_sentence(unread))
    return Listing(tuple(states), tuple(dict.fromkeys(unread)))


def in_a_sentence(unread: Sequence[Unread]) -> str:
    """Give what a source says of its rows that cannot be read: the first three, and how many more."""
    more = f"; and {len(unread) - 3} more" if len(unread) > 3 else ""
    told = "; ".join(one.said[:150] for one in unread[:3])
    return f"{len(unread)} row{'s' * (len(unread) != 1)} of the trader cannot be read: {told}{more}"


def _key(row: Any) -> StrategyKey | None:
    given = row if isinstance(row, Mapping) else {}
    names = given.get("strategy_id"), given.get("symbol")
    if is_name("strategy_id", names[0]) and is_name("symbol", names[1]):
        return StrategyKey(str(names[0]), str(names[1]))
    return None
