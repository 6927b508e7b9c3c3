"""The risk table page: what it shows. What its buttons do is in pageactions.py."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import path

from portfolio.access import allows, role_of
from portfolio.models import Strategy, Transition
from riskcontrol import pageactions, rows, screen, table
from riskcontrol.pageaccess import on_row, page
from riskcontrol.shown import FLAT, Shown, is_closing
from venues.serving.numerals import clock, exact, figure, moment, reward


def table_context(
    request: HttpRequest, sources: list[dict[str, Any]], everything: list[dict[str, Any]], **instead: str
) -> dict[str, Any]:
    """Give the context of table.html; `instead` gives some rows' markup, as row_17."""
    filters = table.read_filters(request.GET, sources)
    found = table.find(filters) if filters.active or filters.ordering else everything
    operator = allows(request.user, "operator")
    html = screen.rows_html(found, sources, operator, **instead)
    return {
        "rows": screen.finish(html, request, sources),
        "columns": table.columns(filters),
        "foot": screen.foot(found, len(everything), sources),
        "filters": filters,
        "nothing": None if found else _nothing(filters, len(everything)),
        "operator": operator,
    }


def _nothing(filters: table.Filters, everything: int) -> dict[str, str]:
    if filters.active:
        are = "strategy is" if everything == 1 else "strategies are"
        named = f' matches "{filters.q}"' if filters.q else " matches"
        return {
            "title": f"Nothing{named}",
            "said": f"{everything} {are} hidden by search and filters.",
        }
    if not filters.sources:
        said = "An admin adds one under Traders in the administration."
        return {"title": "No traders yet", "said": said}
    said = "No trader has reported a strategy. One appears here by itself as soon as its trader lists it."
    return {"title": "No strategies yet", "said": said}


def console_page(
    request: HttpRequest,
    *,
    ask: str = "",
    drawer: str = "",
    status: int = 200,
    **instead: str,
) -> HttpResponse:
    """Give the whole page, with a question or the drawer open where there is one."""
    sources = rows.sources()
    everything = rows.rows()
    context = {
        **table_context(request, sources, everything, **instead),
        "sources": [screen.source_view(one) for one in sources],
        "totals": screen.totals(everything, sources),
        "me": request.user.get_username(),
        "role": role_of(request.user),
        "ask": screen.finish(ask, request, ()),
        "drawer": screen.finish(drawer, request, ()),
        "toast": " ".join(str(message) for message in messages.get_messages(request)),
    }
    return render(request, "riskcontrol/console.html", context, status=status)


@page("viewer", "GET")
def console(request: HttpRequest) -> HttpResponse:
    """Answer `/`: the page, or its table alone to htmx."""
    if not request.htmx:  # type: ignore[attr-defined]  # put there by HtmxMiddleware
        return console_page(request)
    sources = rows.sources()
    return render(request, "riskcontrol/table.html", table_context(request, sources, rows.rows()))


@page("viewer", "GET")
@on_row
def row(request: HttpRequest, found: dict[str, Any]) -> HttpResponse:
    """Answer one row as it is stored: how "take theirs" is taken."""
    if not request.htmx:  # type: ignore[attr-defined]  # put there by HtmxMiddleware
        return redirect(f"/#row-{found['_id']}")
    return pageactions.row_answer(request, pageactions.shown(found))


@page("viewer", "GET")
@on_row
def drawer(request: HttpRequest, found: dict[str, Any]) -> HttpResponse:
    """Answer the details of one row, beside the table where htmx did not ask."""
    html = drawer_html(found, allows(request.user, "operator"))
    if not request.htmx:  # type: ignore[attr-defined]  # put there by HtmxMiddleware
        return console_page(request, drawer=html)
    return HttpResponse(screen.finish(html, request, ()))


def drawer_html(found: dict[str, Any], operator: bool) -> str:
    """Give the drawer of a row."""
    shown = pageactions.shown(found)
    context = {
        "shown": shown,
        "facts": _facts(shown),
        "kill_facts": _kill_facts(found["kill"]),
        "last_kill": "" if found["kill"] else _last_kill(found["_id"]),
        "idle": {"kill": _kill_is_idle(found), "close": _close_is_idle(shown)},
        "operator": operator,
    }
    return render_to_string("riskcontrol/drawer.html", context)


def _kill_is_idle(row: dict[str, Any]) -> str:
    """Give why Kill would do nothing; empty where it would."""
    if row["is_killed"]:
        return "It is killed: nothing trades until a reset."
    if row["kill"]:
        return "Its kill is on the way, and is sent again until the trader acknowledges it."
    return ""


def _close_is_idle(shown: Shown) -> str:
    """Give why Close would do nothing: only a live row can be known to be flat."""
    if is_closing(shown.row):
        return "The kill closes its position."
    if shown.row["position"] is None and shown.flat == FLAT and "silent" not in shown.tones.split():
        return "It is flat: there is no trade to close."
    return ""


def _facts(shown: Shown) -> list[tuple[str, str]]:
    row, position = shown.row, shown.row["position"]
    denied = row["last_denial"]
    facts = [
        ("Total PnL ($)", figure(row["total_pnl"], signed=True)),
        ("Drawdown ($)", figure(row["drawdown"])),
        ("Kills on", row["kill_on"] or "–"),
        ("Used of Max DD", shown.used["text"]),
        ("$ left", figure(shown.used["room"])),
        ("Model reward", reward(row["model_reward"])),
        ("Leverage", "–" if row["leverage"] is None else str(row["leverage"])),
        ("Epoch", str(row["epoch"])),
        ("Revision", str(row["revision"])),
        ("Last report", f"{clock(row['as_of'])} UTC"),
    ]
    if position:
        facts += [
            ("Position", f"{position['side'].capitalize()} {exact(position['size'])}"),
            ("Entry", exact(position["entry_price"])),
            ("Mark", exact(position["mark_price"])),
            ("Stop rests at", exact(position["stop_price"])),
            ("Open PnL ($)", figure(position["unrealized_pnl"], signed=True)),
            ("Planned loss ($)", figure(position["planned_loss"])),
        ]
    if denied:
        facts.append(("Last denied order", f"{moment(denied['at'])} UTC: {denied['reason']}"))
    return facts


def _kill_facts(kill: dict[str, Any] | None) -> list[tuple[str, str]]:
    if kill is None:
        return []
    facts = [
        ("At", f"{moment(kill['at'])} UTC"),
        ("PnL then ($)", figure(kill["total_pnl"], signed=True)),
        ("Limit ($)", figure(kill["limit"])),
        ("Cause", kill["cause"]),
        ("Epoch", str(kill["epoch"])),
        ("State", kill["state"].replace("_", " ")),
    ]
    if kill["total_pnl_flat"] is not None:
        facts.append(("PnL when flat ($)", figure(kill["total_pnl_flat"], signed=True)))
    if kill["left"]:
        facts.append(("Still open", exact(kill["left"])))
    if kill["last_answer"]:
        facts.append(("Last answer", kill["last_answer"]))
    return facts


def _last_kill(number: int) -> str:
    last = Transition.objects.filter(strategy=number, after="Killed").first()
    if last is None or not Strategy.objects.filter(pk=number).exists():
        return ""
    cause = f", cause {last.cause}" if last.cause else ""
    pnl = figure(last.total_pnl, signed=True)
    return f"{last.at:%Y-%m-%d %H:%M:%S} UTC at {pnl}{cause}, epoch {last.epoch}; reset since."


ROW = "rows/<int:number>"

urlpatterns = [
    path("", console, name="console"),
    path(ROW, row, name="row"),
    path(f"{ROW}/drawer", drawer, name="row-drawer"),
    path(f"{ROW}/save", pageactions.save, name="row-save"),
    path(f"{ROW}/enable", pageactions.enable, name="row-enable"),
    path(f"{ROW}/disable", pageactions.disable, name="row-disable"),
    path(f"{ROW}/reset", pageactions.reset, name="row-reset"),
    path(f"{ROW}/kill", pageactions.kill, name="row-kill"),
    path(f"{ROW}/close", pageactions.close, name="row-close"),
]
