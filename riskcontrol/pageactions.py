"""What the page's buttons do: each calls one operation and answers with the row (200, 409, 422)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django_htmx.http import reswap, retarget, trigger_client_event

from portfolio import book
from portfolio.access import actor_of, allows
from riskcontrol import forms, operations, questions, rows, screen
from riskcontrol.forms import RowForm
from riskcontrol.operations import Outcome
from riskcontrol.pageaccess import on_row, page
from riskcontrol.questions import Question
from riskcontrol.remarks import way_back
from riskcontrol.shown import Shown, show, with_conflict, with_form
from venues.contract.errors import Conflict, ProductError, status_of
from venues.contract.limits import LIMIT_NAMES, SPEC
from venues.contract.names import RowKey
from venues.serving.numerals import exact

NEVER = -1
ASKS_AGAIN = ("enable", "reset")


@page("operator", "POST")
@on_row
def save(request: HttpRequest, row: dict[str, Any]) -> HttpResponse:
    """Change the limits that were edited: 422 with sentences, 409 with both sides, else the row."""
    form = forms.read(request.POST)
    if form.back is not None:
        return put_back(request, row, form, form.back)
    if form.errors:
        return row_answer(request, with_form(shown(row), form), 422)
    if form.revision != row["revision"]:
        if not form.saw(row):
            return conflict(request, row, form)
        form.revision = row["revision"]
    question = questions.about_change(row, form.changes)
    if question and not form.confirmed.issuperset(question.words):
        return asking(request, row, form, question)
    key, actor = rows.key_of(row), actor_of(request, "page")
    try:
        outcome = operations.change_settings(
            key, form.changes, actor=actor, expected=NEVER if form.revision is None else form.revision,
            reason=form.reason,
        )  # fmt: skip
    except ProductError as error:
        return refused(request, row, form, error)
    return done(request, outcome, _what_changed(row, form.changes))


def put_back(request: HttpRequest, row: dict[str, Any], form: RowForm, revision: int) -> HttpResponse:
    """Save, in the place of values that the trader refused, those that it still enforces.

    Never asks: what is in force stays in force. What is typed in other fields stays typed.
    """
    changes, actor = way_back(row), actor_of(request, "page")
    try:
        outcome = operations.change_settings(
            rows.key_of(row), changes, actor=actor, expected=revision, reason=form.reason
        )
    except ProductError as error:
        view = with_form(shown(rows.row_by_id(row["_id"])), form)
        view.refusal = error.detail
        return row_answer(request, view, status_of(error))
    form.took(changes)
    return done(request, outcome, _what_changed(row, changes), form)


def _what_changed(row: dict[str, Any], changes: Mapping[str, Decimal]) -> str:
    changed = [
        f"{SPEC[name].label} {exact(row[name], 2)} to {exact(value, 2)}" for name, value in changes.items()
    ]
    return f"{questions.name_of(row)}, {', '.join(changed)}" if changed else ""


@page("operator", "POST")
@on_row
def enable(request: HttpRequest, row: dict[str, Any]) -> HttpResponse:
    """Enable; the first time after a kill it asks."""
    form = forms.read(request.POST)
    if "enable" not in form.confirmed and not row["is_killed"] and _was_reset(rows.key_of(row)):
        return asking(request, row, form, questions.about_enable(row))
    expected = form.revision
    if expected is not None and form.saw(row):
        expected = row["revision"]
    return carry_out(request, row, form, operations.set_enabled, "enabled", enabled=True, expected=expected)


def _was_reset(key: RowKey) -> bool:
    last = rows.changes(key).filter(action__in=ASKS_AGAIN, outcome="applied").first()
    return last is not None and last.action == "reset"


@page("operator", "POST")
@on_row
def disable(request: HttpRequest, row: dict[str, Any]) -> HttpResponse:
    """Disable: never asks, and minds no revision."""
    form = forms.read(request.POST)
    return carry_out(request, row, form, operations.set_enabled, "disabled", enabled=False)


@page("operator", "POST")
@on_row
def reset(request: HttpRequest, row: dict[str, Any]) -> HttpResponse:
    """Reset the kill that the question named; a newer one stays."""
    form = forms.read(request.POST)
    if "reset" not in form.confirmed and row["is_killed"]:
        return asking(request, row, form, questions.about_reset(row, _halted(row["source"])))
    epoch = form.epoch if form.epoch is not None else row["epoch"]
    return carry_out(request, row, form, operations.reset_kill_switch, "kill switch reset", epoch=epoch)


def _halted(source: str) -> str | None:
    account = book.link(source).account
    return account.halted if account else None


@page("operator", "POST")
@on_row
def kill(request: HttpRequest, row: dict[str, Any]) -> HttpResponse:
    """Trip the kill switch: never asks."""
    return carry_out(request, row, forms.read(request.POST), operations.kill, "killed")


@page("operator", "POST")
@on_row
def close(request: HttpRequest, row: dict[str, Any]) -> HttpResponse:
    """Close the open trade, without killing: never asks."""
    return carry_out(request, row, forms.read(request.POST), operations.close, "closing its trade")


def carry_out(
    request: HttpRequest,
    row: dict[str, Any],
    form: RowForm,
    operation: Callable[..., Outcome],
    said: str,
    **how: Any,
) -> HttpResponse:
    """Carry out one operation on the row, and answer with what became of it."""
    try:
        outcome = operation(rows.key_of(row), actor=actor_of(request, "page"), reason=form.reason, **how)
    except ProductError as error:
        return refused(request, row, form, error)
    return done(request, outcome, f"{questions.name_of(row)}, {said}", form)


def shown(row: dict[str, Any]) -> Shown:
    """Give a row as the page shows it at this moment."""
    return show(row, book.link(row["source"]).status())


def done(request: HttpRequest, outcome: Outcome, said: str, form: RowForm | None = None) -> HttpResponse:
    """Answer with the row after an operation; what was typed beside it stays typed."""
    row, view = outcome.row, shown(outcome.row)
    if form is not None and form.typed:
        if not form.saw_limits(row) and not form.agrees(row):  # a save may have been under way
            return conflict(request, row, form, 200)
        view = with_form(view, form)
    view.classes += " saved"
    if outcome.status == "pending":  # no success yet: the row says what it waits for
        return row_answer(request, view, 202)
    word = "Unchanged" if outcome.status == "unchanged" else "Applied"
    view.said = f"{word}: {said}" if said else ""
    return row_answer(request, view)


def refused(request: HttpRequest, row: dict[str, Any], form: RowForm, error: ProductError) -> HttpResponse:
    """Answer with the row and the sentence that refused it."""
    row = rows.row_by_id(row["_id"])
    if isinstance(error, Conflict) and error.code == "conflict":
        return conflict(request, row, form)
    view = shown(row)
    if error.code == "rejected" and row["sync"] == "rejected" and error.detail in " ".join(row["_refusals"]):
        view.told = error.detail
        view.limits = [
            replace(one, refused=" ".join(error.fields.get(one.spec.name, ()))) for one in view.limits
        ]
    else:
        view = with_form(view, form)
        view.refusal = error.detail
    return row_answer(request, view, status_of(error))


def conflict(request: HttpRequest, row: dict[str, Any], form: RowForm, status: int = 409) -> HttpResponse:
    """Answer with theirs and mine side by side."""
    last = rows.changes(rows.key_of(row), action="").exclude(action__in=("refused", "kill", "close")).first()
    view = with_conflict(with_form(shown(row), form), form, last.actor if last else "")
    return row_answer(request, view, status)


def row_answer(request: HttpRequest, view: Shown, status: int = 200) -> HttpResponse:
    """Answer with the row: to htmx the row alone, else the page with it, or the way back there."""
    operator = allows(request.user, "operator")
    html = screen.row_html(view, operator)
    if not request.htmx:  # type: ignore[attr-defined]  # put there by HtmxMiddleware
        if status >= 400:
            return _page(request, status=status, **{f"row_{view.number}": html})
        if view.said:
            messages.success(request, view.said)
        return redirect(f"/#row-{view.number}", permanent=False)
    sources = [one for one in rows.sources() if one["source"] == view.row["source"]]
    response = HttpResponse(screen.finish(html, request, sources), status=status)
    response = reswap(retarget(response, f"#body-{view.number}"), "outerHTML")
    if view.said:
        trigger_client_event(response, "toast", {"said": view.said})
    elif status == 202:
        said = f"{view.label}: {view.row['source']} has not acknowledged it yet."
        trigger_client_event(response, "alarm", {"said": said})
    elif status >= 400:
        said = (
            view.refusal
            or view.told
            or "; ".join(view.errors.values())
            or ("Changed elsewhere." if view.conflict else "")
        )
        trigger_client_event(response, "alarm", {"said": f"{view.label}: {said}" if said else ""})
    return response


def asking(request: HttpRequest, row: dict[str, Any], form: RowForm, question: Question) -> HttpResponse:
    """Answer with the question that stands before the action; a yes sends the same form again."""
    hidden = {
        **question.hidden,
        **form.typed,
        "revision": "" if form.revision is None else str(form.revision),
    }
    hidden |= {f"was_{name}": f"{form.seen[name]:f}" for name in LIMIT_NAMES if name in form.seen}
    if form.seen_enabled is not None:
        hidden["was_enabled"] = "1" if form.seen_enabled else "0"
    context = {
        "question": question,
        "number": row["_id"],
        "action": f"/rows/{row['_id']}/{question.action}",
        "hidden": hidden,
        "csrf": screen.CSRF_MARK,
        "open": not request.htmx,  # type: ignore[attr-defined]  # put there by HtmxMiddleware
    }
    html = render_to_string("riskcontrol/question.html", context)
    if context["open"]:
        return _page(request, ask=html, **{f"row_{row['_id']}": _typed_row(row, form)})
    response = retarget(HttpResponse(screen.finish(html, request, ())), "#ask")
    return trigger_client_event(reswap(response, "innerHTML"), "ask", {}, after="swap")


def _typed_row(row: dict[str, Any], form: RowForm) -> str:
    return screen.row_html(with_form(shown(row), form), True)


def _page(request: HttpRequest, **parts: Any) -> HttpResponse:
    from riskcontrol.pages import console_page  # it imports this module for its paths

    return console_page(request, **parts)
