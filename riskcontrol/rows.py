"""Every read: what PM desires and what traders report, as one row; a fixed number of queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone
from simplejson import RawJSON

from portfolio import book, traders
from portfolio.memory import Link, Report, tells_positions
from riskcontrol import advice, agreement
from riskcontrol.agreement import Desired
from riskcontrol.audit import iso
from riskcontrol.models import Change, Delivery, RiskSettings
from venues.contract.errors import NotFound, invalid
from venues.contract.names import RowKey
from venues.contract.states import Kill, derive_status
from venues.serving.parsers import dump_json

ORDERINGS = (
    "source", "strategy_id", "symbol", "name", "enabled", "risk_per_trade", "stop_loss_dollars",
    "max_strategy_loss", "is_killed", "total_pnl", "model_reward", "status", "revision", "sync",
    "epoch", "drawdown", "leverage", "as_of",
)  # fmt: skip
FILTERS = ("source", "strategy_id", "symbol", "actor", "action")


class Waits(NamedTuple):
    """What a trader has not acknowledged: since when, and what it or the wire last said."""

    made_at: datetime
    error: str


@dataclass
class Made:
    """A row without its time and its number, what it was made of, and its JSON once somebody asked."""

    parts: tuple[Any, ...]
    row: dict[str, Any]
    text: str | None = None


_made: dict[int, Made] = {}


def rows(
    source: str | None = None,
    symbol: str | None = None,
    strategy_id: str | None = None,
    status: str | None = None,
    q: str | None = None,
    ordering: str | None = None,
) -> list[dict[str, Any]]:
    """Give the rows of api.md, "Rows", filtered and ordered; two queries.

    Money is Decimal. Every row carries its number under "_id". Raises Refused for an ordering
    that is no field.
    """
    named = {
        "strategy__trader__source": source,
        "strategy__symbol": symbol,
        "strategy__strategy_id": strategy_id,
    }
    found = _rows(**{name: value for name, value in named.items() if value})
    if status:
        found = [row for row in found if row["status"].lower() == status.lower()]
    if q:
        found = [row for row in found if _matches(row, q.lower())]
    return ordered(found, ordering) if ordering else found


def some(numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Give the rows with these numbers; two queries."""
    return _rows(strategy__in=list(numbers))


def row(key: RowKey) -> dict[str, Any]:
    """Give one row; raises NotFound."""
    found = rows(source=key.source, strategy_id=key.strategy_id, symbol=key.symbol)
    if not found:
        raise NotFound(f"There is no strategy {'/'.join(key)}.")
    return found[0]


def row_by_id(number: int) -> dict[str, Any]:
    """Give the row with this number; raises NotFound."""
    found = some([number])
    if not found:
        raise NotFound(f"There is no row {number}.")
    return found[0]


def key_of(row: dict[str, Any]) -> RowKey:
    """Give the key of a row."""
    return RowKey(row["source"], row["strategy_id"], row["symbol"])


def keys() -> set[RowKey]:
    """Give the keys of all rows; one query."""
    names = ("strategy__trader__source", "strategy__strategy_id", "strategy__symbol")
    return {RowKey(*found) for found in RiskSettings.objects.values_list(*names)}


def version() -> int:
    """Give a number that rises with any change of any row or source: the list's ETag."""
    return book.version()


def sources() -> list[dict[str, Any]]:
    """Give the sources of api.md, "Rows"; one query."""
    return [traders.as_source(trader) for trader in traders.registered()]


def source(name: str) -> dict[str, Any]:
    """Give one source; raises NotFound."""
    return traders.as_source(traders.named(name))


def changes(
    key: RowKey | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    **filters: Any,
) -> QuerySet[Change]:
    """Give audit records, newest first; filters: source, strategy_id, symbol, actor, action."""
    found = Change.objects.order_by("-id")
    if key is not None:
        found = found.filter(**key._asdict())
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lte=until)
    return found.filter(**{name: filters[name] for name in FILTERS if filters.get(name)})


def ordered(found: list[dict[str, Any]], ordering: str) -> list[dict[str, Any]]:
    """Give rows ordered by a field, `-` for descending, what is not known last; raises Refused."""
    name = ordering.removeprefix("-")
    if name not in ORDERINGS:
        raise invalid({"ordering": ["Must be a field of the row, with - for descending."]})
    known = [row for row in found if row[name] is not None]
    rest = [row for row in found if row[name] is None]
    return sorted(known, key=lambda row: row[name], reverse=ordering.startswith("-")) + rest


def _rows(**filters: Any) -> list[dict[str, Any]]:
    order = ("strategy__trader__source", "strategy__strategy_id", "strategy__symbol")
    stored = RiskSettings.objects.filter(**filters).order_by(*order).values_list(*Desired._fields)
    found = [Desired(*values) for values in stored]
    pending: dict[int, dict[str, Waits]] = {}
    waiting = Delivery.objects.filter(state=Delivery.State.PENDING).order_by("id")
    for number, kind, made_at, error in waiting.values_list("strategy_id", "kind", "made_at", "last_error"):
        pending.setdefault(number, {}).setdefault(kind, Waits(made_at, error))
    reports = book.reports([one.strategy_id for one in found])
    links = {source: book.link(source) for source in {one.key.source for one in reports.values()}}
    given = [(one, reports[one.strategy_id]) for one in found if one.strategy_id in reports]
    return [
        _row(settings, report, links[report.key.source], pending.get(report.number, {}))
        for settings, report in given
    ]


def _row(settings: Desired, report: Report, link: Link, pending: dict[str, Waits]) -> dict[str, Any]:
    """Give a row, made again only where something in it has changed; its time is that of the moment."""
    equity = link.account.equity if link.account else None
    parts = (
        report.key,
        settings,
        report.state,
        report.present,
        report.unread,
        report.forgotten,
        pending,
        equity,
    )
    made = _made.get(report.number)
    if made is None or made.parts != parts:
        made = _made[report.number] = Made(parts, _fresh_row(settings, report, pending, equity))
    heard_at = link.heard_at if report.present and link.heard_at else report.at
    return {
        **made.row,
        "as_of": iso(heard_at),
        "_id": report.number,
        "_present": report.present,
        "_tells_positions": not report.unread and tells_positions(report.state),
        "_refusals": agreement.refusals(settings, report.state) if settings.refused else [],
    }


def _fresh_row(
    settings: Desired, report: Report, pending: dict[str, Waits], equity: Decimal | None
) -> dict[str, Any]:
    state = report.state
    kill = pending.get(Delivery.Kind.KILL)
    waits = any(kind != Delivery.Kind.KILL for kind in pending)
    word = agreement.sync(settings, state, waits)
    differs = bool(agreement.differences(settings, state))
    return {
        "source": report.key.source,
        **report.shown(),
        **agreement.desired(settings),
        "status": derive_status(state.is_killed, settings.enabled),
        "revision": settings.revision,
        "sync": word,
        "enforced": agreement.reported(state) if differs else None,
        "kill": _kill(report, kill),
        "warnings": advice.warnings(
            settings,
            state,
            equity,
            present=report.present,
            unread=report.unread,
            sync=word,
            kill_asked_at=kill.made_at if kill else None,
            forgotten=report.forgotten,
        ),
    }


def as_json(row: Mapping[str, Any]) -> RawJSON:
    """Give a row of `rows` for `dump_json`, as text rendered once for all that ask until the row changes."""
    made = _made[row["_id"]]
    if made.text is None:
        made.text = dump_json({name: value for name, value in made.row.items() if name != "as_of"})
    return RawJSON(f'{made.text[:-1]},"as_of":{dump_json(row["as_of"])}}}')


def _kill(report: Report, asked: Waits | None) -> dict[str, Any] | None:
    state = report.state
    if asked is not None and not state.is_killed:
        at, said = iso(asked.made_at) or "", asked.error or None
        return Kill(epoch=state.epoch, at=at, cause="operator", state="requested", last_answer=said).to_json()
    return state.kill.to_json() if state.kill else None


def _matches(row: dict[str, Any], text: str) -> bool:
    return any(text in str(row[name] or "").lower() for name in ("source", "strategy_id", "symbol", "name"))


def as_of() -> str:
    """Give the time of an answer."""
    return iso(timezone.now()) or ""
