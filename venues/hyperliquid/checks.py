"""What speaks against trading, from the venue's answers (venue-hyperliquid.md, section 11)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from venues.contract.errors import BadAnswer, Unreachable
from venues.hyperliquid import wire
from venues.trader.gateways.clock import VenueClock, skew

LEAST_REQUESTS = 1000
LEAST_VALIDITY_MS = 7 * 24 * 3600 * 1000

Read = Callable[[dict[str, Any]], Awaitable[Any]]
Judge = Callable[[Any], list[str]]


async def speaking_against(read: Read, account: str, agents: Sequence[str], clock: VenueClock) -> list[str]:
    """Ask the venue each question of section 11 and give the sentences that speak against trading.

    `read` asks `/info`; a question that gets no usable answer speaks against it too.
    """
    user = {"user": account}
    asked: list[tuple[str, dict[str, Any], Judge]] = [
        ("venue", {"type": "exchangeStatus"}, venue_up),
        ("clock", {"type": "clearinghouseState", **user, "dex": ""}, partial(time_told, clock)),
        *(
            ("key", {"type": "userRole", "user": agent}, partial(agent_role, agent, account))
            for agent in agents
        ),
        ("agents", {"type": "extraAgents", **user}, partial(agent_validity, agents, clock)),
        ("account mode", {"type": "userAbstraction", **user}, account_mode),
        ("request budget", {"type": "userRateLimit", **user}, budget),
    ]
    said = await asyncio.gather(*(_judged(read, *one) for one in asked))
    return [sentence for sentences in said for sentence in sentences]


async def _judged(read: Read, what: str, question: dict[str, Any], judge: Judge) -> list[str]:
    try:
        return wire.believes(judge, what)(await read(question))
    except (Unreachable, BadAnswer) as error:
        return [f"The {what} cannot be checked: {error.detail}"]


def venue_up(status: Any) -> list[str]:
    """Judge an `exchangeStatus`."""
    special = status.get("specialStatuses") if isinstance(status, Mapping) else "no status"
    return [f"Hyperliquid is not trading normally: {special}."] if special else []


def time_told(clock: VenueClock, state: Any) -> list[str]:
    """Judge this machine's wall clock by the time of a `clearinghouseState`."""
    clock.told(wire.account_read(state).at_ms)
    return skew("Hyperliquid", clock.skew_ms())


def agent_role(agent: str, account: str, role: Any) -> list[str]:
    """Judge the `userRole` of a key's address: it must be an agent of the account."""
    found = role if isinstance(role, Mapping) else {}
    if found.get("role") != "agent":
        said = found.get("role") or role
        return [f"The key of {agent} is no agent of {account}: the venue says {said!r}. Approve it there."]
    master = str((found.get("data") or {}).get("user", "")).lower()
    return [] if master == account else [f"The key of {agent} belongs to {master}, not to {account}."]


def agent_validity(agents: Sequence[str], clock: VenueClock, listed: Any) -> list[str]:
    """Judge `extraAgents`: a named agent's key must be valid for 7 days more."""
    entries = listed if isinstance(listed, list) else []
    return [
        f"The key of {entry['address']} is valid for less than 7 days more."
        for entry in entries
        if str(entry.get("address", "")).lower() in agents
        and isinstance(entry.get("validUntil"), int)
        and entry["validUntil"] - clock.now_ms() < LEAST_VALIDITY_MS
    ]


def account_mode(mode: Any) -> list[str]:
    """Judge a `userAbstraction`: in any other mode the equity does not sit in perpetuals."""
    return [] if mode in {None, "default"} else [f"The account's mode is {mode!r}, not the default."]


def budget(limits: Any) -> list[str]:
    """Judge a `userRateLimit`: requests the address has left."""
    left = (
        int(limits["nRequestsCap"]) - int(limits["nRequestsUsed"]) + int(limits.get("nRequestsSurplus") or 0)
    )
    return (
        [] if left > LEAST_REQUESTS else [f"The address has {left} requests left, at least 1000 are needed."]
    )


def network(named: str, signs_mainnet: bool) -> list[str]:
    """Judge what the SDK signs for against the network that the URL names."""
    return (
        []
        if signs_mainnet == (named == "mainnet")
        else [f"Orders would be signed for another network than {named}."]
    )
