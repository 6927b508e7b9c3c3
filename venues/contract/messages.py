"""The messages of a trader's WebSocket (api.md, section 2): built here, read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from venues.contract.errors import BadAnswer
from venues.contract.listing import Unread, read_listing
from venues.contract.states import Account, Kill, StrategyState, Trade

RESYNC = {"type": "resync"}


@dataclass(frozen=True)
class Snapshot:
    """Everything, on connecting and after a resync."""

    strategies: tuple[StrategyState, ...]
    account: Account
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True)
class Killed:
    """A kill, sent before the row that shows it."""

    strategy_id: str
    symbol: str
    kill: Kill


@dataclass(frozen=True)
class Heartbeat:
    """At least one a second, so that silence means something."""


Message = Snapshot | StrategyState | Trade | Account | Killed | Heartbeat


def snapshot(strategies: list[dict[str, Any]], account: dict[str, Any]) -> dict[str, Any]:
    """Give the snapshot message without its seq, of rows and account as they leave."""
    return {"type": "snapshot", "strategies": strategies, "account": account}


def to_json(message: Message) -> dict[str, Any]:
    """Give a message without its seq: the connection counts."""
    if isinstance(message, Snapshot):
        return snapshot([one.to_json() for one in message.strategies], message.account.to_json())
    if isinstance(message, Killed):
        kill = message.kill.to_json()
        return {"type": "killed", "strategy_id": message.strategy_id, "symbol": message.symbol, "kill": kill}
    if isinstance(message, Heartbeat):
        return {"type": "heartbeat"}
    kind = {StrategyState: "strategy", Trade: "trade", Account: "account"}[type(message)]
    return {"type": kind, kind: message.to_json()}


def from_json(data: Any) -> tuple[int, Message | None]:
    """Give (seq, message); None for a type not known here, which is ignored. Raises BadAnswer."""
    if not isinstance(data, Mapping):
        raise BadAnswer("a message is not an object")
    seq = data.get("seq")
    if isinstance(seq, bool) or not isinstance(seq, int):
        raise BadAnswer(f"seq is not a whole number: {seq!r}")
    return seq, _message(data)


def _message(data: Mapping[str, Any]) -> Message | None:
    match data.get("type"):
        case "snapshot":
            rows = data.get("strategies")
            if not isinstance(rows, list):
                raise BadAnswer("a snapshot has no list of strategies")
            account = Account.from_json(data.get("account") or {})
            listing = read_listing(rows)
            return Snapshot(listing.states, account, listing.unread)
        case "strategy":
            return StrategyState.from_json(data.get("strategy"))
        case "trade":
            return Trade.from_json(data.get("trade"))
        case "account":
            return Account.from_json(data.get("account"))
        case "killed":
            kill = Kill.from_json(data.get("kill"))
            return Killed(str(data.get("strategy_id")), str(data.get("symbol")), kill)
        case "heartbeat":
            return Heartbeat()
        case _:
            return None
