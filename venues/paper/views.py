"""The exchange's own requests, on loopback only (api.md, section 3): accounts, price, state."""

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from venues.contract.errors import invalid
from venues.paper import report
from venues.paper.bodies import json_object, number, refuse_unknown
from venues.paper.engine import jump
from venues.paper.opening import open_account
from venues.paper.server import running
from venues.paper.symbols import SYMBOLS
from venues.serving.errors import View, answers_errors, json_answer, plain_error

DEAREST = Decimal(10**9)
LOCAL_NAMES = {"localhost", "ip6-localhost"}


def _is_loopback(host: str | None) -> bool:
    if not host or host in LOCAL_NAMES:
        return bool(host)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def local_only(method: str) -> Callable[[View], View]:
    """Give a decorator for a view of one method that only programs on this machine may use.

    The Host header is checked as well as the address, and a browser's Origin refused, so that no
    web page can reach it through somebody's browser.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        async def wrapped(request: HttpRequest, *args: Any) -> HttpResponse:
            host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
            origin = request.headers.get("Origin")
            local = _is_loopback(request.META.get("REMOTE_ADDR")) and _is_loopback(host)
            if not local or (origin and not _is_loopback(urlsplit(origin).hostname)):
                return plain_error(403, "permission_denied", "Only from this machine.")
            if request.method != method:
                return plain_error(405, "method_not_allowed", f"Use {method}.", {"Allow": method})
            return await view(request, *args)

        return answers_errors(wrapped)

    return decorate


@answers_errors
async def healthz(request: HttpRequest) -> HttpResponse:
    """Tell that the process lives."""
    return json_answer({"status": "ok"})


@local_only("GET")
async def state(request: HttpRequest) -> HttpResponse:
    """Give prices, accounts, positions and orders."""
    return json_answer(report.state(running().exchange, running().faces))


@local_only("POST")
async def price(request: HttpRequest) -> HttpResponse:
    """Move a market to a price, rounded to its decimals; all that it triggers has happened by the answer."""
    body = json_object(request.body)
    refuse_unknown(body, {"symbol", "price"})
    symbol = body.get("symbol")
    if not isinstance(symbol, str) or symbol not in SYMBOLS:
        raise invalid({"symbol": [f"Must be one of {', '.join(SYMBOLS)}."]})
    wanted = number(body.get("price"), "price", DEAREST)
    if wanted == 0:
        raise invalid({"price": ["Must be above 0."]})
    exchange = running().exchange
    jump(exchange, symbol, SYMBOLS[symbol].micros(float(wanted)))
    exchange.commit()
    return json_answer({"symbol": symbol, **report.prices(exchange)[symbol]})


@local_only("POST")
async def accounts(request: HttpRequest) -> HttpResponse:
    """Make an account (201), or add keys and cash to one that is there (200)."""
    exchange, faces = running().exchange, running().faces
    face, account, made = open_account(exchange, faces, json_object(request.body))
    return json_answer(report.account(exchange, face, account), 201 if made else 200)
