"""What speaks against trading, from the venue's answers (venue-lighter.md, section 12)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from venues.contract.errors import BadAnswer, ProductError, Unreachable
from venues.trader.gateways.belief import UNBELIEVABLE
from venues.trader.gateways.clock import VenueClock, skew

KEYS_S = 5.0
UP = 200
STAMP_MS = 599_000  # how far ahead the SDK's signer stamps the end of a transaction

Judge = Callable[[Any], list[str]]


async def speaking_against(
    status: Awaitable[Any],
    row: Awaitable[Any],
    keys: Awaitable[str | None],
    clock: VenueClock,
) -> list[str]:
    """Give the sentences that speak against trading; what gets no usable answer does as well.

    `status` asks `/`, `row` the account's row; `keys` what is wrong with the API keys.
    """
    found = await asyncio.gather(
        _judged("venue", status, partial(venue_up, clock)),
        _judged("account", row, account_ready),
        _judged("API key", keys, key_known),
    )
    said = [*(sentence for sentences in found for sentence in sentences)]
    return [*said, *skew("Lighter", clock.skew_ms()), *stamp(clock.skew_ms())]


async def _judged(what: str, question: Awaitable[Any], judge: Judge) -> list[str]:
    try:
        return judge(await question)
    except (Unreachable, BadAnswer) as error:
        return [f"The {what} cannot be checked: {error.detail}"]
    except UNBELIEVABLE as error:
        return [f"The {what} cannot be checked: {error!r}"]


class Keys:
    """Asks whether the venue knows the account's API keys; once it does, not again until it refuses one."""

    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count
        self._known = False

    async def ask(self, check_keys: Callable[[], str | None]) -> str | None:
        """Give what is wrong with the keys, by the SDK's own blocking question."""
        if self._known:
            return None
        self._count()
        said = await _in_a_thread(check_keys)
        self._known = said is None
        return said

    def hear(self, error: ProductError) -> None:
        """Take what a transaction was refused for."""
        self._known = self._known and error.code != "agent_unknown"


async def _in_a_thread(check_keys: Callable[[], str | None]) -> str | None:
    # A request that nobody can bound or end: its thread outlives a wait in vain.
    checking = asyncio.get_running_loop().run_in_executor(None, check_keys)
    try:
        async with asyncio.timeout(KEYS_S):
            return await asyncio.shield(checking)
    except TimeoutError:
        raise Unreachable(f"no answer within {KEYS_S:g} s") from None


def venue_up(clock: VenueClock, status: Mapping[str, Any]) -> list[str]:
    """Judge the answer of `/`; its time, in whole seconds, counts until a frame tells it exactly."""
    if clock.skew_ms() is None:
        clock.told(int(status["timestamp"]) * 1000)
    return [] if status["status"] == UP else [f"Lighter is not trading normally: {status['status']}."]


def account_ready(row: Mapping[str, Any]) -> list[str]:
    """Judge the account's row: active, unified, no dead man's switch armed."""
    said = []
    if row["status"] != 1:
        said.append(f"The account {row['index']} is not active: status {row['status']}.")
    if row.get("account_trading_mode"):
        said.append(f"The account's trading mode is {row['account_trading_mode']}, not 0.")
    if row.get("cancel_all_time"):
        said.append("A scheduled cancel-all is armed at Lighter: it would take the stops away.")
    return said


def stamp(skew_ms: int | None) -> list[str]:
    """Judge whether the signer can stamp anything that the venue would take: it stamps 10 minutes on."""
    return [stamped_too_early(skew_ms)] if skew_ms is not None and skew_ms >= STAMP_MS else []


def stamped_too_early(skew_ms: int) -> str:
    """Give why nothing can be sent with a wall clock so far behind the venue's, and what to do."""
    return (
        f"This machine's clock is {skew_ms / 60_000:.0f} minutes behind Lighter's, and by it the "
        "SDK's signer stamps every transaction as ended. Set the clock: until then nothing can be closed or "
        "cancelled from here, only by hand at Lighter; stops that rest there stay."
    )


def key_known(said: str | None) -> list[str]:
    """Judge what the SDK's `check_client` found: nothing, or a sentence."""
    return [] if said is None else [f"Lighter does not know the API key of this account: {said}"]


def chain(named: int, signs: int) -> list[str]:
    """Judge the chain that the SDK signs for against the one that the URL names."""
    return [] if named == signs else [f"Orders would be signed for chain {signs} instead of {named}."]
