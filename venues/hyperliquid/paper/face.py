"""The face: its routes, its sockets, and its part of POST /paper/accounts."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from venues.contract.errors import Refused, invalid
from venues.hyperliquid.paper.actions import account_of, perform
from venues.hyperliquid.paper.bodies import ADDRESS, VENUE, BadShape
from venues.hyperliquid.paper.info import answer
from venues.hyperliquid.paper.stream import Stream
from venues.hyperliquid.paper.words import SHAPE
from venues.paper.accounts import Account, Key
from venues.paper.exchange import Exchange
from venues.serving.errors import json_answer
from venues.serving.parsers import strict_json


class HyperliquidFace:
    """One exchange as Hyperliquid shows it."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.stream = Stream(exchange)
        exchange.listeners.append(self.stream.tell)
        self.urlpatterns = [
            path("info", csrf_exempt(self.info)),
            path("exchange", csrf_exempt(self.act)),
        ]
        self.account_fields = frozenset({"address", "agents"})
        self.sockets = {"/ws": self.stream.serve}

    async def info(self, request: HttpRequest) -> HttpResponse:
        """Answer POST /info."""
        return self._answered(request, lambda body: answer(self.exchange, body))

    async def act(self, request: HttpRequest) -> HttpResponse:
        """Answer POST /exchange."""
        return self._answered(request, lambda body: perform(self.exchange, body))

    def _answered(self, request: HttpRequest, asked: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        try:
            body = strict_json(request.body)
            if not isinstance(body, Mapping):
                raise BadShape
            return json_answer(asked(body))
        except (BadShape, Refused):
            return HttpResponse(SHAPE, status=422, content_type="text/plain")

    def open_account(self, body: Mapping[str, Any]) -> tuple[Account, bool]:
        """Give (account, made just so) for `address` and `agents`; raises Refused naming the field."""
        address, agents = _address(body.get("address"), "address"), body.get("agents", [])
        if not isinstance(agents, list):
            raise invalid({"agents": ["Must be a list of addresses."]})
        named = [_address(agent, "agents") for agent in agents]
        self._refuse_taken(address, named)
        account = self.exchange.accounts.get((VENUE, address))
        made = account is None
        if account is None:
            account = Account(VENUE, address)
            self.exchange.add_account(account)
        for agent in named:
            account.keys.setdefault(agent, Key(name=f"agent{len(account.keys) + 1}"))
        self.exchange.touch(account)
        return account, made

    def _refuse_taken(self, address: str, agents: list[str]) -> None:
        """An address is a master or an agent of one master, never both (section 7)."""
        if (owner := account_of(self.exchange, address)) is not None and owner.name != address:
            raise invalid({"address": ["Is an agent of another account."]})
        for agent in agents:
            owner = account_of(self.exchange, agent)
            if agent == address or (owner is not None and owner.name != address):
                raise invalid({"agents": [f"{agent} is an account, or an agent of another one."]})

    def describe(self, account: Account) -> dict[str, Any]:
        """Give what names the account in /paper/state."""
        return {"address": account.name}

    def tick(self) -> None:
        """Push what is due."""
        self.stream.tick()


def _address(value: Any, field: str) -> str:
    if not isinstance(value, str) or not ADDRESS.fullmatch(value):
        raise invalid({field: ["Must be an address: 0x and 40 hexadecimal digits."]})
    return value.lower()
