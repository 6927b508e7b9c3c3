"""Hyperliquid's gateway in the contract suite: on a fresh account, and where the venue really differs."""

from tests.gateways.conftest import Exchange, Opened, Ways
from venues.hyperliquid.gateway import HyperliquidGateway
from venues.hyperliquid.identity import Identity, random_address, random_key

WAYS = Ways(
    {
        "no match": "could not immediately match",
        "tick": "divisible by tick size",
        "minimum": "minimum value of $10",
        "reduce only": "Reduce only order would increase position",
        "margin": "Insufficient margin",
        "far": "80% away",
    },
    orders="POST /exchange",
    stop_past_its_trigger="rejected",
    stop_of_a_partial_fill="canceled",
)


def open_venue(exchange: Exchange, url: str, balance: str) -> Opened:
    me = Identity(random_address(), random_key(), random_key())
    account = {**me.paper_account(), "balance": balance}
    exchange.post("/paper/accounts", account)
    stranger = HyperliquidGateway(url, Identity(me.account, random_key()))
    return Opened(HyperliquidGateway(url, me), account, stranger, WAYS)
