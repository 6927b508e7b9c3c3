"""What the venue answered to a transaction or a question, as an error of ours (venue-lighter.md, 4 and 9)."""

import json
from decimal import Decimal
from typing import Any

from venues.contract.errors import BadAnswer, ProductError, Refused, Unknown, Unreachable

OK = 200
BAD_NONCE = 21104
BAD_KEY = frozenset({20013, 21100, 21108, 21109, 21120})
THROTTLED = range(23000, 23005)
# Of the order itself: nothing of it was accepted, and it is no use to send the same again.
OF_ORDER = (range(21111, 21114), range(21132, 21133), range(21301, 21302), range(21508, 21509))
OF_ORDERS = range(21600, 21800)
NOT_OPEN = frozenset({21600, 21700, 21715})
LONGEST_SAYING = 300


class Rejected(Refused):
    """The venue looked at the transaction and refused it; `number` is its code."""

    def __init__(self, number: int, said: str) -> None:
        super().__init__(f"Lighter refused: {said} ({number})", code="rejected")
        self.number = number


class StaleNonce(Unreachable):
    """The nonce was not above the key's last one, so nothing was accepted."""


def parsed(text: str) -> Any:
    """Give the JSON of an answer with exact numbers; None for what is none."""
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return None


def accepted(status: int, text: str) -> str:
    """Give the hash of a transaction that the venue's API took.

    Raises Rejected, StaleNonce or Unreachable where it took nothing, Unknown where nobody can tell.
    """
    answer = parsed(text)
    number = answer.get("code") if isinstance(answer, dict) else None
    said = str(answer.get("message") or text) if isinstance(answer, dict) else text
    said = said[:LONGEST_SAYING]
    if status == OK and number == OK:
        return str(answer.get("tx_hash", ""))
    if status >= 500 or status == 408 or (isinstance(number, int) and number >= 29500):
        return _raise(Unknown(f"Lighter failed with {status} after taking the transaction: {said}"))
    if status == 429 or number in THROTTLED:
        return _raise(Unreachable(f"Lighter's limit of a minute is reached: {said}", code="throttled"))
    if not isinstance(number, int) and status == OK:
        return _raise(Unknown(f"Sent to Lighter, and its answer cannot be believed: {said}"))
    return _raise(refusal(number if isinstance(number, int) else status, said))


def _raise(error: ProductError) -> str:
    raise error


def refusal(number: int, said: str) -> ProductError:
    """Give the error for a code of the venue."""
    if number == BAD_NONCE:
        return StaleNonce(f"Lighter refused the nonce: {said}", code="nonce")
    if number in BAD_KEY:
        return Unreachable(
            "Lighter does not take what signs for this account: register the API key of LIGHTER_API_KEY "
            f"(and LIGHTER_KILL_KEY) at its index, or correct it. It said: {said} ({number})",
            code="agent_unknown",
        )
    if number in OF_ORDERS or any(number in part for part in OF_ORDER):
        return Rejected(number, said)
    return Unreachable(f"Lighter refused the transaction: {said} ({number})")


def answered(status: int, text: str) -> Any:
    """Give the answer to a question; raises Unreachable or BadAnswer.

    The `code` of a listed account is its own: only the envelope's counts, and where there is none
    the HTTP status stands alone.
    """
    answer = parsed(text)
    number = answer.get("code", OK) if isinstance(answer, dict) else OK
    said = text[:LONGEST_SAYING]
    if status == 429 or number in THROTTLED:
        raise Unreachable(f"Lighter's limit of a minute is reached: {said}", code="throttled")
    if status in {401, 403} or number in BAD_KEY:
        raise BadAnswer(f"Lighter refused the question's token or account: {said}", code="agent_unknown")
    if status >= 500 or status == 408:
        raise Unreachable(f"Lighter does not answer ({status}): {said}")
    if status != OK or number != OK or answer is None:
        raise BadAnswer(f"Lighter refused the question ({status}): {said}")
    return answer
