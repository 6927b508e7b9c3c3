"""Structural checks of signatures and auth tokens; no curve arithmetic (venue-sdk-behaviour.md, 3.1)."""

import base64
import binascii
import re
from dataclasses import dataclass

from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.markets import NAME
from venues.paper.accounts import Account
from venues.paper.exchange import Exchange

# The prime order of ECgFp5's group: both halves of a Schnorr signature are scalars below it.
ORDER = 1067993516717146951041484916571792702745057740581727230159139685185762082554198619328292418486241
HALF = 40
LONGEST_TOKEN_S = 8 * 3600
CLOCK_SLACK_S = 60
BAD_AUTH = 20013
TOKEN = re.compile(r"([0-9]{1,12}):([0-9]{1,15}):([0-9]{1,3}):([0-9a-f]{160})")
PUBLIC_KEY = re.compile(r"[0-9a-f]{80}")


def is_signature(raw: bytes) -> bool:
    """Tell whether bytes can be a signature: s and e, 40 bytes each, below the group's order."""
    halves = raw[:HALF], raw[HALF:]
    return len(raw) == 2 * HALF and all(0 < int.from_bytes(half, "little") < ORDER for half in halves)


def check_signature(text: object) -> None:
    """Refuse what cannot be a transaction's signature."""
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if not is_signature(raw):
        raise Refusal(21120)


@dataclass(frozen=True)
class Token:
    """Who an auth token speaks for, until when (seconds)."""

    account: str
    key: str
    deadline_s: int


def read_token(x: Exchange, text: str | None) -> Token:
    """Give what an auth token says, where it may be believed; raises Refusal."""
    found = TOKEN.fullmatch(text or "")
    if found is None:
        raise Refusal(BAD_AUTH, "missing" if not text else "malformed")
    deadline, account, key = int(found[1]), str(int(found[2])), str(int(found[3]))
    now_s = x.now_ms() // 1000
    if deadline <= now_s:
        raise Refusal(BAD_AUTH, "expired")
    if deadline > now_s + LONGEST_TOKEN_S + CLOCK_SLACK_S:
        raise Refusal(BAD_AUTH, "deadline is more than 8 hours away")
    owner = x.accounts.get((NAME, account))
    if owner is None or key not in owner.keys or not is_signature(bytes.fromhex(found[4])):
        raise Refusal(BAD_AUTH, "not a token of this account")
    return Token(account, key, deadline)


def check_token(x: Exchange, text: str | None, account: Account) -> None:
    """Refuse a token that does not speak for an account."""
    if read_token(x, text).account != account.name:
        raise Refusal(BAD_AUTH, "not a token of this account")
