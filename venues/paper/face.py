"""What a venue's protocol must offer to be served by the paper exchange."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.urls import URLPattern

from venues.paper.accounts import Account
from venues.paper.exchange import Exchange
from venues.paper.instruments import Venue
from venues.serving.guard import Application


class Face(Protocol):
    """One venue's protocol on an exchange. A module that offers one has `VENUE` and `open_face`."""

    urlpatterns: Sequence[URLPattern]
    account_fields: frozenset[str]  # of POST /paper/accounts, beside venue, balance and deposit
    sockets: Mapping[str, Application]  # path -> WebSocket application

    def open_account(self, body: Mapping[str, Any]) -> tuple[Account, bool]:
        """Give (account, made just so) for the body of POST /paper/accounts; raises Refused."""

    def describe(self, account: Account) -> dict[str, Any]:
        """Give what names the account in /paper/state: its address or index."""

    def tick(self) -> None:
        """Push what is due by the clock; called after every step of the market, on the loop."""


class FaceModule(Protocol):
    """What `venues.<venue>.paper` must have; loaded by dotted name."""

    VENUE: Venue

    def open_face(self, exchange: Exchange) -> Face:
        """Give the face on an exchange."""
