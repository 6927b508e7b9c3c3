"""Makes accounts, for `POST /paper/accounts` and for `manage.py initexchange`."""

from collections.abc import Mapping, Sequence
from typing import Any

from venues.contract.errors import invalid
from venues.paper.accounts import Account
from venues.paper.bodies import money, refuse_unknown
from venues.paper.exchange import Exchange
from venues.paper.face import Face
from venues.paper.settings import PAPER_BALANCE


def open_account(x: Exchange, faces: Sequence[Face], body: Mapping[str, Any]) -> tuple[Face, Account, bool]:
    """Give (face, account, made just so); keys and cash are added to an account that is there.

    `body` is what api.md, section 3, says of `POST /paper/accounts`. Raises Refused naming the
    field. On disk when this returns.
    """
    by_venue = dict(zip(x.venues, faces, strict=True))
    face = by_venue.get(str(body.get("venue")))
    if face is None:
        raise invalid({"venue": [f"Must be one of {', '.join(by_venue)}."]})
    refuse_unknown(body, face.account_fields | {"venue", "balance", "deposit"})
    balance = money(body.get("balance", PAPER_BALANCE), "balance")
    deposit = money(body.get("deposit", "0"), "deposit")
    account, made = face.open_account(body)
    account.deposits += deposit + (balance if made else 0)
    x.touch(account)
    x.commit()
    return face, account, made
