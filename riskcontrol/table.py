"""The table's filter, order and columns, all of them in the URL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from riskcontrol import rows
from riskcontrol.shown import loss_used
from venues.contract.errors import Refused

STATUSES = ("Active", "Disabled", "Killed")
LONGEST = 64
LAST = Decimal(-1)
TITLES = {
    "Position: side, value ($);": "Long or short, what it is worth at the mark price in dollars; "
    "the price at which its stop rests at the venue, and how far from the mark price that is",
}
# (ordering, first line, second line, classes, whether the greatest comes first)
COLUMNS = (
    ("source", "Source", "", "src", False),
    ("name", "Strategy", "", "name", False),
    ("symbol", "Symbol", "", "sym", False),
    ("risk_per_trade", "Risk/Trade (%)", "", "num", True),
    ("stop_loss_dollars", "Stop Loss ($)", "", "num", True),
    ("max_strategy_loss", "Max DD ($)", "", "num", True),
    ("", "Enabled", "", "on", False),
    ("status", "Status", "", "status", False),
    ("total_pnl", "Total PnL ($)", "", "num", False),
    ("loss_used", "Loss used of Max DD,", "$ left", "num", True),
    ("model_reward", "Model", "reward", "num reward", True),
    ("", "Position: side, value ($);", "resting stop: price, distance (%)", "num", False),
    ("", "Age", "", "num age", False),
    ("", "Change", "", "num", False),
)


@dataclass(frozen=True)
class Filters:
    """What of the table is asked for; fields that are not understood ask for nothing."""

    q: str = ""
    source: str = ""
    status: str = ""
    ordering: str = ""
    sources: tuple[str, ...] = ()
    statuses: tuple[str, ...] = field(default=STATUSES)

    @property
    def active(self) -> bool:
        """Whether any row may be hidden."""
        return bool(self.q or self.source or self.status)

    def href(self, ordering: str) -> str:
        """Give the address of the same rows in another order."""
        asked = {"q": self.q, "source": self.source, "status": self.status, "ordering": ordering}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"/?{query}" if query else "/"


def read_filters(query: Mapping[str, str], sources: list[dict[str, Any]]) -> Filters:
    """Give the filters of a query string."""
    ordering = query.get("ordering", "")
    known = {name for name, *_ in COLUMNS if name}
    return Filters(
        q=query.get("q", "").strip()[:LONGEST],
        source=query.get("source", "")[:LONGEST],
        status=query.get("status", "") if query.get("status", "") in STATUSES else "",
        ordering=ordering if ordering.removeprefix("-") in known else "",
        sources=tuple(one["source"] for one in sources),
    )


def find(filters: Filters) -> list[dict[str, Any]]:
    """Give the rows asked for, in the order asked for."""
    by_name = filters.ordering.removeprefix("-")
    try:
        found = rows.rows(
            source=filters.source or None,
            status=filters.status or None,
            q=filters.q or None,
            ordering=None if by_name == "loss_used" else filters.ordering or None,
        )
    except Refused:
        return []
    if by_name == "loss_used":
        found.sort(key=_share, reverse=filters.ordering.startswith("-"))
    return found


def _share(row: Mapping[str, Any]) -> Decimal:
    share = loss_used(row)["share"]
    return LAST if share is None else share


def columns(filters: Filters) -> list[dict[str, str]]:
    """Give the head of the table; a click on the sorted column turns its order round."""
    return [_column(filters, *column) for column in COLUMNS]


def _column(
    filters: Filters, name: str, first: str, second: str, classes: str, falling: bool
) -> dict[str, str]:
    up, down = name, f"-{name}"
    given = filters.ordering or "source"
    sort = {up: "ascending", down: "descending"}.get(given, "") if name else ""
    following = {"ascending": down, "descending": up}.get(sort, down if falling else up)
    href = filters.href(following) if name else ""
    return {
        "first": first,
        "second": second,
        "classes": classes,
        "sort": sort,
        "href": href,
        "title": TITLES.get(first, ""),
    }
