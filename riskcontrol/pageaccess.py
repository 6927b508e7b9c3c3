"""Who gets to see a page, and what a row's page is about."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from portfolio.access import actor_of, allows
from riskcontrol import operations, rows
from venues.contract.errors import NotFound

View = Callable[..., HttpResponse]


def page(role: str, method: str) -> Callable[[View], View]:
    """Let in who has the role: others go to /login, or get 403 and, for a write, an audit record."""

    def wrap(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, **names: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_login(request)
            if not allows(request.user, role):
                _record(request, view.__name__, names)
                raise PermissionDenied
            allowed = {"GET", "HEAD"} if method == "GET" else {method}
            response = (
                view(request, **names) if request.method in allowed else HttpResponseNotAllowed(allowed)
            )
            patch_vary_headers(response, ["HX-Request"])
            add_never_cache_headers(response)
            return response

        return wrapped

    return wrap


def _to_login(request: HttpRequest) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]  # put there by HtmxMiddleware
        return HttpResponseClientRedirect("/login?next=/")
    here = request.get_full_path() if request.method == "GET" else "/"
    return redirect(f"/login?{urlencode({'next': here}, safe='/')}")


def _record(request: HttpRequest, action: str, names: dict[str, Any]) -> None:
    if request.method in {"GET", "HEAD"}:
        return
    try:
        key = rows.key_of(rows.row_by_id(names.get("number", 0)))
    except NotFound:
        key = None
    said = f"{action}: the role does not allow it"
    operations.record_refusal(actor=actor_of(request, "page"), key=key, reason=said)


def on_row(view: View) -> View:
    """Give the view the row that its address names; 404 where there is none."""

    @wraps(view)
    def wrapped(request: HttpRequest, number: int) -> HttpResponse:
        try:
            found = rows.row_by_id(number)
        except NotFound:
            raise Http404 from None
        return view(request, found)

    return wrapped
