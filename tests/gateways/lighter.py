"""Lighter's gateway in the contract suite: on a fresh account, and where the venue really differs."""

import secrets

from tests.gateways.conftest import Exchange, Opened, Ways
from venues.lighter.gateway import new_key, open_gateway
from venues.lighter.identity import ApiKey, Identity

WAYS = Ways(
    {
        "no match": "too much slippage",
        "tick": "cannot be sent exactly",
        "minimum": "invalid base or quote amount",
        "reduce only": "Reduce only",
        "margin": "margin not allowed",
        "far": "accidental price",
    },
    orders="POST /api/v1/sendTx",
    stop_past_its_trigger="filled",
    stop_of_a_partial_fill="open",
)


def fresh_identity() -> Identity:
    number = secrets.randbelow(2**40) + 1
    return Identity(number, ApiKey(5, *new_key()), ApiKey(6, *new_key()))


def open_venue(exchange: Exchange, url: str, balance: str) -> Opened:
    me = fresh_identity()
    account = {**me.paper_account(), "balance": balance}
    exchange.post("/paper/accounts", account)
    # The SDK's signer knows one key of an account and index in a process: a stranger has another index.
    stranger = open_gateway(url, Identity(me.account, ApiKey(77, *new_key())))
    return Opened(open_gateway(url, me), account, stranger, WAYS)
