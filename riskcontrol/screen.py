"""Renders rows once per change, for the page and for its socket; joins what is ready."""

import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from portfolio import book
from riskcontrol.shown import Shown, show
from venues.serving.numerals import age, epoch_ms, figure, long_age, moment

# Marks in a kept row for what differs by session and by moment; random, so that no name can hold one.
_MARK = secrets.token_hex(8)
CSRF_MARK = f"csrf-{_MARK}"

Row = Mapping[str, Any]
_kept: dict[tuple[int, bool], tuple[dict[str, Any], str, str]] = {}
_lock = threading.Lock()


def age_mark(source: str) -> str:
    """Give the mark that stands for the age of a source's last message."""
    return f"age-{_MARK}-{source};"


def rows_html(rows: Iterable[Row], sources: Iterable[Row], operator: bool, **instead: str) -> str:
    """Give the rows' markup, each taken from the last rendering while nothing in it has changed.

    `instead` gives markup of its own for some, as row_17.
    """
    statuses = {one["source"]: one["status"] for one in sources}
    return "".join(
        instead.get(f"row_{row['_id']}") or _row_html(row, statuses.get(row["source"], "offline"), operator)
        for row in rows
    )


def _row_html(row: Row, status: str, operator: bool) -> str:
    parts = {name: value for name, value in row.items() if name != "as_of"}
    kept = _kept.get((row["_id"], operator))
    if kept is not None and kept[1] == status and kept[0] == parts:
        return kept[2]
    html = row_html(show(row, status), operator)
    with _lock:
        _kept[row["_id"], operator] = (parts, status, html)
    return html


def row_html(shown: Shown, operator: bool) -> str:
    """Give one row's markup, with marks for the CSRF token and the age."""
    mark = age_mark(shown.row["source"]) if shown.follows else age(None)
    context = {"shown": shown, "operator": operator, "csrf": CSRF_MARK, "age": mark}
    return render_to_string("riskcontrol/row.html", context)


def finish(html: str, request: HttpRequest, sources: Iterable[Row]) -> str:
    """Put this session's CSRF token and the present ages in the place of their marks."""
    html = html.replace(CSRF_MARK, get_token(request))
    for one in sources:
        html = html.replace(age_mark(one["source"]), _age(one))
    return html


def live_html(shown: Shown, operator: bool, by: str = "") -> str:
    """Give one row's live cells, as they are pushed; `by` names who changed its settings last."""
    context = {"shown": shown, "operator": operator, "by": by, "age": ""}
    return render_to_string("riskcontrol/live.html", context)


def source_view(one: Row) -> dict[str, Any]:
    """Give a source as header and banner show it."""
    seconds = None if one["age_ms"] is None else one["age_ms"] / 1000
    return {
        **one,
        "network": one["network"] or "unknown",
        "heard": moment(one["as_of"]) if one["as_of"] else "",
        "refused": book.link(one["source"]).refused,
        "heard_ms": int((time.time() - seconds) * 1000) if seconds is not None else epoch_ms(one["as_of"]),
        "age": age(seconds),
        "age_long": long_age(seconds),
    }


def _age(one: Row) -> str:
    return age(None if one["age_ms"] is None else one["age_ms"] / 1000)


def totals(rows: Iterable[Row], sources: Iterable[Row]) -> dict[str, Any]:
    """Give the header's totals: equity of the accounts, PnL of the open trades, killed strategies.

    `lacks` says whose numbers are missing or only last known; what is marked is a sum that lacks something.
    """
    rows, sources = list(rows), list(sources)
    accounts = {one["source"]: book.link(one["source"]).account for one in sources}
    equities = {source: account.equity if account else None for source, account in accounts.items()}
    pnls = [(row["source"], _open_pnl(row)) for row in rows]
    # A trader that has told nothing at all yet may hold anything.
    pnls += [
        (source, None) for source in accounts.keys() - {source for source, _ in pnls} if not accounts[source]
    ]
    without = [source for source, equity in equities.items() if equity is None]
    told = {source for source, pnl in pnls if pnl is not None}
    untold = sorted({source for source, pnl in pnls if pnl is None})
    silent = [one for one in sources if one["status"] != "online" and one["as_of"]]
    return {
        "equity": figure(_known(equities.values())),
        "equity_lacks": bool(without or silent),
        "open": figure(_known([pnl for _, pnl in pnls]) if pnls else Decimal(0), signed=True),
        "open_lacks": bool(untold or silent),
        "lacks": _lacks(without, untold, told, silent),
        "killed": sum(1 for row in rows if row["is_killed"]),
    }


def _open_pnl(row: Row) -> Decimal | None:
    if row["position"] and row["_tells_positions"]:
        pnl: Decimal | None = row["position"]["unrealized_pnl"]
        return pnl
    return Decimal(0) if row["_tells_positions"] else None


def _known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _lacks(without: Sequence[str], untold: Sequence[str], told: set[str], silent: Sequence[Row]) -> str:
    both = [source for source in without if source in untold and source not in told]
    said = [f"without {source}" for source in both]
    said += [f"equity without {source}" for source in without if source not in both]
    said += [
        f"open PnL without {'all of ' if source in told else ''}{source}"
        for source in untold
        if source not in both
    ]
    said += [
        f"{one['source']} as of {moment(one['as_of'])} UTC" for one in silent if one["source"] not in both
    ]
    return ", ".join(said)


def foot(shown: Sequence[Row], everything: int, sources: Iterable[Row]) -> dict[str, Any]:
    """Give the footer's totals over the rows that are shown, marked like the header's.

    The page keeps them up to date by itself, sums, marks and words alike (static/foot.js).
    """
    worths = [(row["source"], _worth(row)) for row in shown]
    pnls = [(row["source"], row["total_pnl"]) for row in shown]
    names = {row["source"] for row in shown}
    silent = [one for one in sources if one["source"] in names and one["status"] != "online" and one["as_of"]]
    no_pnl, no_worth = ({name for name, amount in one if amount is None} for one in (pnls, worths))
    return {
        "count": len(shown),
        "all": everything,
        "max": figure(sum((row["max_strategy_loss"] for row in shown), Decimal(0))),
        "killed": sum(1 for row in shown if row["is_killed"]),
        "pnl": figure(_known([pnl for _, pnl in pnls]), signed=True),
        "pnl_lacks": bool(no_pnl or silent),
        "open": figure(_known([worth for _, worth in worths])),
        "open_lacks": bool(no_worth or silent),
        "lacks": ", ".join(
            [
                *(f"PnL without {_part(name, pnls)}{name}" for name in sorted(no_pnl)),
                *(f"positions without {_part(name, worths)}{name}" for name in sorted(no_worth)),
                *(f"{one['source']} as of {moment(one['as_of'])} UTC" for one in silent),
            ]
        ),
    }


def _worth(row: Row) -> Decimal | None:
    """Give what an open trade is worth; None where that, or whether there is one, is not known."""
    position = row["position"]
    if not position:
        return Decimal(0) if row["_tells_positions"] else None
    return None if position["mark_price"] is None else position["size"] * position["mark_price"]


def _part(source: str, amounts: Iterable[tuple[str, Decimal | None]]) -> str:
    return "all of " if any(name == source and amount is not None for name, amount in amounts) else ""
