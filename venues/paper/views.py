"""The exchange's own requests, on loopback only (api.md, section 3): accounts, price, state."""

from collections.abc import Callable, Mapping, Set
from decimal import Decimal
from functools import wraps
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from venues.contract.errors import Refused, invalid
from venues.contract.money import decimals_of, to_micros, venue_number
from venues.paper import report
from venues.paper.engine import jump
from venues.paper.server import running
from venues.paper.settings import PAPER_BALANCE
from venues.paper.symbols import SYMBOLS
from venues.serving.errors import View, answers_errors, json_answer, plain_error
from venues.serving.parsers import strict_json

DEAREST = Decimal(10**9)
RICHEST = Decimal(10**9)
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
    body = _object(request)
    _refuse_unknown(body, {"symbol", "price"})
    symbol = body.get("symbol")
    if not isinstance(symbol, str) or symbol not in SYMBOLS:
        raise invalid({"symbol": [f"Must be one of {', '.join(SYMBOLS)}."]})
    wanted = _number(body.get("price"), "price", DEAREST)
    if wanted == 0:
        raise invalid({"price": ["Must be above 0."]})
    exchange = running().exchange
    jump(exchange, symbol, SYMBOLS[symbol].micros(float(wanted)))
    exchange.commit()
    return json_answer({"symbol": symbol, **report.prices(exchange)[symbol]})


@local_only("POST")
async def accounts(request: HttpRequest) -> HttpResponse:
    """Make an account (201), or add keys and cash to one that is there (200)."""
    body = _object(request)
    faces = dict(zip(running().exchange.venues, running().faces, strict=True))
    face = faces.get(str(body.get("venue")))
    if face is None:
        raise invalid({"venue": [f"Must be one of {', '.join(faces)}."]})
    _refuse_unknown(body, face.account_fields | {"venue", "balance", "deposit"})
    balance = _money(body.get("balance", PAPER_BALANCE), "balance")
    deposit = _money(body.get("deposit", "0"), "deposit")
    account, made = face.open_account(body)
    account.deposits += deposit + (balance if made else 0)
    exchange = running().exchange
    exchange.touch(account)
    exchange.commit()
    return json_answer(report.account(exchange, face, account), 201 if made else 200)


def _object(request: HttpRequest) -> Mapping[str, Any]:
    body = strict_json(request.body)
    if not isinstance(body, Mapping):
        raise Refused("The body must be a JSON object.", code="invalid")
    return body


def _refuse_unknown(body: Mapping[str, Any], known: Set[str]) -> None:
    wrong = {name: ["Unknown field."] for name in body if name not in known}
    if wrong:
        raise invalid(wrong)


def _number(value: Any, field: str, highest: Decimal) -> Decimal:
    """Give a number that came as JSON number or text: finite and from 0."""
    try:
        number = venue_number(value)
    except ValueError:
        raise invalid({field: ["Must be a number."]}) from None
    if not 0 <= number <= highest:
        raise invalid({field: [f"Must be from 0 to {highest:f}."]})
    return number


def _money(value: Any, field: str) -> int:
    """Give an amount in micros; more than six decimals are refused."""
    amount = _number(value, field, RICHEST)
    if decimals_of(amount) > 6:
        raise invalid({field: ["Must have at most 6 decimals."]})
    return to_micros(amount)
