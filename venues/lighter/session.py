"""The HTTP session under the SDK: asks permission last, bounds every call, knows whether it has left."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp

from venues.contract.errors import ProductError, Unreachable
from venues.trader.gateways.leaving import Denied, always

CONNECT_S = 2.0
WHOLE_S = 4.0
FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


@dataclass
class Leaving:
    """One request on its way: `permit` is asked when its connection stands; `left` once it has begun."""

    permit: Callable[[], bool]
    left: bool = False


_leaving: ContextVar[Leaving | None] = ContextVar("leaving", default=None)


async def _last_moment(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, _told: aiohttp.TraceRequestHeadersSentParams
) -> None:
    leaving = _leaving.get()
    if leaving is not None and not leaving.left:
        if not leaving.permit():
            raise Denied
        leaving.left = True


def venue_session() -> aiohttp.ClientSession:
    """Give a session without proxies; it must be made on the loop that uses it."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_last_moment)
    return aiohttp.ClientSession(
        trust_env=False,
        trace_configs=[trace],
        timeout=aiohttp.ClientTimeout(total=WHOLE_S, connect=CONNECT_S),
        connector=aiohttp.TCPConnector(limit=100),
    )


async def heard(
    ask: Callable[[], Awaitable[aiohttp.ClientResponse]],
    lost: Callable[[str], ProductError],
    permit: Callable[[], bool] = always,
) -> tuple[int, str]:
    """Give (HTTP status, text) of what `ask` asks the SDK for.

    Raises Unreachable where nothing left, with the code of what `permit` raised, and `lost` where
    it left and no answer came.
    """
    leaving = Leaving(permit)
    token = _leaving.set(leaving)
    try:
        async with asyncio.timeout(WHOLE_S):
            response = await ask()
            return response.status, (await response.read()).decode("utf-8", "replace")
    except Denied as denied:
        raise Unreachable(str(denied), code=denied.code) from None
    except FAILURES as error:
        said = str(error) or type(error).__name__
        if not leaving.left:
            raise Unreachable(f"Lighter cannot be reached: {said}") from error
        raise lost(f"Sent to Lighter, and no answer came: {said}") from error
    finally:
        _leaving.reset(token)


def without_proxies() -> None:
    """Keep the signer's own requests to this machine off any proxy: it reads the environment itself."""
    named = os.environ.get("NO_PROXY", "")
    if "127.0.0.1" not in named:
        os.environ["NO_PROXY"] = ",".join(filter(None, [named, "127.0.0.1", "localhost"]))
