"""What the venue answered to an action, as replies or as an error of ours (venue-hyperliquid.md, 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from venues.contract.errors import BadAnswer, ProductError, Refused, Unknown, Unreachable
from venues.contract.money import plain, venue_number
from venues.trader.gateway import OrderReply, OrderRequest, OrderStatus

NOT_OPEN = "never placed, already canceled, or filled"


def refusal(said: str) -> Unreachable:
    """Give the error for a request that the venue refused as a whole, with its own sentence."""
    low = said.lower()
    if "api wallet" in low and "does not exist" in low:
        return Unreachable(
            "Hyperliquid does not know the key that signs for this account: approve the agent of "
            f"HYPERLIQUID_AGENT_KEY (and HYPERLIQUID_KILL_KEY), or correct it. It said: {said}",
            code="agent_unknown",
        )
    if "too many" in low and "requests" in low:
        return Unreachable(f"Hyperliquid's request budget is spent: {said}", code="throttled")
    if "expire" in low:
        return Unreachable(f"Hyperliquid refused the request as expired: {said}", code="expired")
    return Unreachable(f"Hyperliquid refused the request: {said}")


def not_answered(left: bool, status: int | None, said: str) -> ProductError:
    """Give the error for an action without a usable answer.

    `left` tells whether its body was handed to the network, `status` is the HTTP status that came
    back, `said` the body or the failure. A 4xx is refused before it is looked at; after a 408, a
    5xx or a broken connection nobody knows (venue-sdk-behaviour.md, section 1).
    """
    if not left:
        return Unreachable(f"Hyperliquid cannot be reached: {said}")
    if status == 429:
        return Unreachable(
            "Hyperliquid refused the request: too many from this address (429).", code="throttled"
        )
    if status is not None and 400 <= status < 500 and status != 408:
        return Unreachable(f"Hyperliquid refused the request ({status}): {said}")
    if status is not None and status >= 400:
        return Unknown(f"Hyperliquid failed with {status} after taking the request: {said}")
    return Unknown(f"Sent to Hyperliquid, and no believable answer came: {said}")


def not_read(status: int | None, said: str) -> ProductError:
    """Give the error for a question without a usable answer: Unreachable, or BadAnswer after a 4xx."""
    if status == 429:
        return Unreachable(
            "Hyperliquid refused the question: too many from this address (429).", code="throttled"
        )
    if status is not None and 400 <= status < 500 and status != 408:
        return BadAnswer(f"Hyperliquid refused the question ({status}): {said}")
    return Unreachable(f"Hyperliquid does not answer ({status or 'no connection'}): {said}")


def accepted(answer: Any) -> Any:
    """Give the `response` of an action that the venue took; raises Unreachable or Unknown."""
    if isinstance(answer, Mapping) and answer.get("status") == "err":
        raise refusal(str(answer.get("response")))
    if not isinstance(answer, Mapping) or answer.get("status") != "ok" or "response" not in answer:
        raise Unknown(f"Sent to Hyperliquid, and its answer cannot be believed: {str(answer)[:200]}")
    return answer["response"]


def set_or_refused(answer: Any) -> None:
    """Check the answer to a setting; raises Refused with the venue's sentence, or Unknown."""
    if isinstance(answer, Mapping) and answer.get("status") == "err":
        error = refusal(str(answer.get("response")))
        raise Refused(error.detail, code="rejected") if error.code == Unreachable.code else error
    accepted(answer)


def statuses(answer: Any, count: int) -> list[Any]:
    """Give the status of each of `count` orders; one error for the whole batch stands for every one."""
    response = accepted(answer)
    try:
        given = list(response["data"]["statuses"])
    except (KeyError, TypeError):
        given = []
    if len(given) == 1 < count and isinstance(given[0], Mapping) and "error" in given[0]:
        return given * count
    if len(given) != count:
        raise Unknown(f"Hyperliquid answered {len(given)} statuses to {count} orders: {str(answer)[:200]}")
    return given


def order_replies(orders: Sequence[OrderRequest], answer: Any) -> list[OrderReply]:
    """Give the reply to each order; raises Unreachable or Unknown for the request as a whole."""
    given = statuses(answer, len(orders))
    try:
        return [_order_reply(order, status) for order, status in zip(orders, given, strict=True)]
    except (KeyError, ValueError, TypeError) as error:
        raise Unknown(f"Hyperliquid's answer cannot be believed: {error!r}") from error


def cancel_replies(client_ids: Sequence[int], answer: Any) -> list[OrderReply]:
    """Give the reply to each cancel: "canceled", "unknown" (not open any more) or "rejected"."""
    given = statuses(answer, len(client_ids))
    return [_cancel_reply(client_id, status) for client_id, status in zip(client_ids, given, strict=True)]


def _order_reply(order: OrderRequest, status: Any) -> OrderReply:
    if isinstance(status, str):
        word: OrderStatus = "waiting" if status == "waitingForFill" else "open"
        if status not in {"waitingForFill", "waitingForTrigger"}:
            raise ValueError(status)
        return OrderReply(order.client_id, word)
    if "error" in status:
        return OrderReply(
            order.client_id, "rejected", filled=plain(order.size * 0), error=str(status["error"])
        )
    if "resting" in status:
        return OrderReply(order.client_id, "open", str(int(status["resting"]["oid"])))
    filled = status["filled"]
    size = plain(venue_number(filled["totalSz"]))
    # A market or IOC order's rest is gone; a resting one's lives on.
    rest: OrderStatus = "canceled" if order.ioc else "open"
    word = "filled" if size >= order.size else rest
    return OrderReply(order.client_id, word, str(int(filled["oid"])), size)


def _cancel_reply(client_id: int, status: Any) -> OrderReply:
    if status == "success":
        return OrderReply(client_id, "canceled")
    said = str(status.get("error", status)) if isinstance(status, Mapping) else str(status)
    return OrderReply(client_id, "unknown" if NOT_OPEN in said else "rejected", error=said)
