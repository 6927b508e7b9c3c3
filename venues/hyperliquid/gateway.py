"""The Hyperliquid gateway: the official SDK behind the Gateway protocol, and nothing beside it.

The SDK is synchronous, has no default timeout and takes its nonces from the wall clock
(venue-hyperliquid.md, section 1): here every call runs in a lane's thread with limits, and
nonces come from one place that never repeats itself.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import hyperliquid.exchange as sdk
import requests
from eth_account import Account
from hyperliquid.info import Info
from hyperliquid.utils.constants import MAINNET_API_URL
from hyperliquid.utils.error import Error as SdkError
from hyperliquid.utils.signing import OrderRequest as SdkOrder
from hyperliquid.utils.types import Cloid

from venues.contract.errors import BadAnswer, NotFound, ProductError, Unknown, Unreachable
from venues.hyperliquid import checks, replies, wire
from venues.hyperliquid.feed import Feed
from venues.hyperliquid.identity import Identity, identity_on
from venues.hyperliquid.lanes import Lane
from venues.hyperliquid.network import network_of, stream_url, venue_url
from venues.hyperliquid.rules import market_of
from venues.hyperliquid.session import CONNECT_S, READ_S, VenueSession
from venues.trader.gateway import (
    AccountRead,
    Candle,
    Event,
    Fill,
    Funding,
    Market,
    OrderReply,
    OrderRequest,
    OrderState,
    Prices,
    never,
)
from venues.trader.gateways.clock import Nonces, VenueClock, wall_ms
from venues.trader.gateways.leaving import Denied, always, check_expiry
from venues.trader.gateways.stream import Patience, Stream

LIMIT_S = CONNECT_S + READ_S + 2
MINUTE_MS = 60_000
FAR_FUTURE_MS = 4_102_444_800_000
FILLS_A_PAGE, FUNDINGS_A_PAGE = 2000, 500
NO_META: dict[str, Any] = {"universe": []}
NO_SPOT_META: dict[str, Any] = {"universe": [], "tokens": []}
# The SDK answers a 4xx whose JSON it did not expect with a KeyError, AttributeError or TypeError.
FAILURES = (SdkError, requests.RequestException, KeyError, AttributeError, TypeError, ValueError)

_nonces = Nonces()
_thread = threading.local()


def _next_nonce() -> int:
    now: Callable[[], int] = getattr(_thread, "now_ms", wall_ms)
    return _nonces.take(now())


# The SDK looks its nonce up under this name: two calls within a millisecond would share one.
sdk.get_timestamp_ms = _next_nonce


@dataclass
class Desk:
    """One thread's own SDK objects on one session."""

    exchange: sdk.Exchange
    session: VenueSession
    meta: dict[str, Any] = field(default_factory=dict)


class HyperliquidGateway:
    """One account at Hyperliquid, mainnet, testnet or paper; see the Gateway protocol."""

    venue = "hyperliquid"
    client_id_bits = 128

    def __init__(self, url: str, identity: Identity, patience: Patience | None = None) -> None:
        self.network: str = network_of(url)
        self._url = url
        self._identity = identity
        self._patience = patience
        self._clock = VenueClock()
        self._meta: dict[str, Any] | None = None
        self._stream: Stream | None = None
        self._task: asyncio.Task[None] | None = None
        self._counts = {"requests": 0, "failures": 0, "prices_dropped": 0}
        agent, closer = identity.agent_key, identity.kill_key or identity.agent_key
        self._orders = Lane("order", 1, partial(self._open_desk, agent), LIMIT_S, Unknown)
        self._closing = Lane("closing", 2, partial(self._open_desk, closer), LIMIT_S, Unknown)
        self._reads = Lane("reading", 2, partial(self._open_desk, agent), LIMIT_S, Unreachable)

    # The stream.

    async def start(
        self,
        listen: Callable[[Event], None],
        symbols: Sequence[str] = (),
        is_closing: Callable[[], bool] = never,
    ) -> None:
        """Begin the stream of the account and of these symbols; its reads are not rationed here."""

        async def make_feed() -> Feed:
            self._clock.begin_anew()
            return Feed(self._identity.account, symbols, self._clock.told)

        self._stream = Stream("Hyperliquid", stream_url(self._url), make_feed, listen, self._patience)
        self._task = asyncio.create_task(self._stream.run(), name="hyperliquid stream")

    async def stop(self) -> None:
        """End the stream and the lanes; requests on their way are not waited for."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
        for lane in (self._orders, self._closing, self._reads):
            lane.close()

    # Reads.

    async def check(self) -> list[str]:
        """Give what speaks against trading: venue, clock, network, keys, account mode, budget.

        Source: risk.md, "Before a trader may trade"; venue-hyperliquid.md, section 11.
        """
        return [
            *checks.network(self.network, self._url == MAINNET_API_URL),
            *await checks.speaking_against(
                lambda question: self._read(lambda info: info.post("/info", question)),
                self._identity.account,
                self._identity.agents,
                self._clock,
            ),
        ]

    async def markets(self, symbols: Sequence[str]) -> dict[str, Market]:
        """Give the markets asked for that exist in the venue's first dex, with this account's fees."""
        meta, fees = await asyncio.gather(
            self._load_meta(), self._read(lambda info: info.user_fees(self._identity.account))
        )
        rows = {row["name"]: row for row in meta["universe"]}
        return {symbol: wire.believes(market_of)(rows[symbol], fees) for symbol in symbols if symbol in rows}

    async def account(self) -> AccountRead:
        """Read equity and positions; takes the venue's time from the answer."""
        found = wire.account_read(await self._read(lambda info: info.user_state(self._identity.account)))
        self._clock.told(found.at_ms)
        return found

    async def prices(self) -> list[Prices]:
        """Read the prices of every market; those that cannot be believed are dropped and counted."""
        answer = await self._read(lambda info: info.meta_and_asset_ctxs())
        found = []
        for symbol, ctx in wire.asset_contexts(answer):
            try:
                found.append(wire.prices(symbol, ctx))
            except BadAnswer:
                self._counts["prices_dropped"] += 1
        return found

    async def candles(self, symbol: str, count: int) -> list[Candle]:
        """Give the last closed one-minute candles, oldest first.

        Candles are stamped in market time, which on the paper exchange runs apart from the venue's:
        where the last minutes of venue time hold too few, every candle the venue has is asked for.
        """
        await self._require([symbol])
        start = self.venue_ms() - (count + 2) * MINUTE_MS
        for start_ms in (max(0, start), 0):
            rows = await self._read(partial(_candles_since, symbol=symbol, start_ms=start_ms))
            found = wire.candle_rows(rows, count)
            if len(found) >= count:
                break
        return found

    async def open_orders(self) -> list[OrderState]:
        """Give every resting order and waiting trigger of the account."""
        return wire.open_orders(
            await self._read(lambda info: info.frontend_open_orders(self._identity.account))
        )

    async def order(self, symbol: str, client_id: int) -> OrderState | None:
        """Give the fate of one order of ours; None where the venue does not know it."""
        cloid = Cloid.from_int(client_id)
        account = self._identity.account
        return wire.order_fate(await self._read(lambda info: info.query_order_by_cloid(account, cloid)))

    async def fills(self, since_ms: int) -> list[Fill]:
        """Give the fills from then on, oldest first, page by page; the venue keeps the last 10 000."""
        account = self._identity.account
        rows = await self._pages(
            lambda info, since_ms: info.user_fills_by_time(account, since_ms), since_ms, FILLS_A_PAGE
        )
        return list({one.fill_id: one for one in wire.fills(rows, account)}.values())

    async def funding(self, since_ms: int) -> list[Funding]:
        """Give the funding payments from then on, oldest first; stamped in market time."""
        account = self._identity.account
        rows = await self._pages(
            lambda info, since_ms: info.user_funding_history(account, since_ms), since_ms, FUNDINGS_A_PAGE
        )
        return list({one.funding_id: one for one in wire.fundings(rows)}.values())

    async def leverage(self, symbol: str) -> tuple[int, bool]:
        """Give (leverage, is cross): `activeAssetData` is the one read of it while flat."""
        question = {"type": "activeAssetData", "user": self._identity.account, "coin": symbol}
        return wire.leverage(await self._read(lambda info: info.post("/info", question)))

    def venue_ms(self) -> int:
        """Give the venue's time now."""
        return self._clock.now_ms()

    def skew_ms(self) -> int | None:
        """Give venue time minus wall time, None while unknown."""
        return self._clock.skew_ms()

    def counters(self) -> dict[str, float]:
        """Give what was counted since the start, by name."""
        return {**self._counts, **(self._stream.counters() if self._stream else {})}

    # Actions.

    async def set_leverage(self, symbol: str, leverage: int, cross: bool) -> None:
        """Set it; Refused with the venue's sentence, or Unreachable, Unknown."""
        await self._require([symbol])
        answer = await self._act(self._orders, lambda sender: sender.update_leverage(leverage, symbol, cross))
        replies.set_or_refused(answer)

    async def place(
        self, orders: Sequence[OrderRequest], permit: Callable[[], bool], *, closing: bool = False
    ) -> list[OrderReply]:
        """Send the orders as one request; an entry and its stop as `normalTpsl` (see the protocol).

        The venue refuses the whole request past the earliest of the orders' expiries. Raises
        Unreachable, Unknown, NotFound for a symbol, Refused for a number that the SDK would round.
        """
        if not orders:
            return []
        await self._require([order.symbol for order in orders])
        asked = [_sdk_order(order) for order in orders]
        grouping = "normalTpsl" if {"entry", "stop"} <= {order.kind for order in orders} else "na"
        expires_ms = min((order.expires_ms for order in orders if order.expires_ms is not None), default=None)
        lane = self._closing if closing else self._orders
        answer = await self._act(
            lane, lambda sender: sender.bulk_orders(asked, grouping=grouping), permit, expires_ms
        )
        return replies.order_replies(orders, answer)

    async def cancel(self, orders: Sequence[tuple[str, int]], *, closing: bool = False) -> list[OrderReply]:
        """Cancel by (symbol, client id); a status "unknown" means: it was not open any more."""
        if not orders:
            return []
        await self._require([symbol for symbol, _ in orders])
        asked = [{"coin": symbol, "cloid": Cloid.from_int(number)} for symbol, number in orders]
        lane = self._closing if closing else self._orders
        answer = await self._act(lane, lambda sender: sender.bulk_cancel_by_cloid(asked))
        return replies.cancel_replies([number for _, number in orders], answer)

    # How a question or an action leaves.

    def _open_desk(self, key: str) -> Desk:
        _thread.now_ms = self._clock.now_ms
        exchange = sdk.Exchange(
            Account.from_key(key),
            self._url,
            meta=NO_META,
            spot_meta=NO_SPOT_META,
            account_address=self._identity.account,
            timeout=(CONNECT_S, READ_S),
        )
        session = VenueSession()
        exchange.session = exchange.info.session = session
        return Desk(exchange, session)

    def _knowing(self, desk: Desk) -> Desk:
        """Give the desk, in its own thread, with the latest markets: the SDK looks asset ids up there."""
        if self._meta is not None and desk.meta is not self._meta:
            desk.exchange.info.set_perp_meta(self._meta, 0)
            desk.meta = self._meta
        return desk

    async def _read(self, ask: Callable[[Info], Any]) -> Any:
        return await self._counted(self._reads.call(lambda desk: _asked(self._knowing(desk), ask)))

    async def _act(
        self,
        lane: Lane[Desk],
        send: Callable[[sdk.Exchange], Any],
        permit: Callable[[], bool] = always,
        expires_ms: int | None = None,
    ) -> Any:
        def permitted() -> bool:
            if expires_ms is not None:
                check_expiry(expires_ms, self._clock.now_ms())
            return permit()

        def work(desk: Desk) -> Any:
            self._knowing(desk)
            desk.exchange.set_expires_after(expires_ms)
            return _sent(desk, send, permitted)

        return await self._counted(lane.call(work))

    async def _counted(self, call: Any) -> Any:
        self._counts["requests"] += 1
        try:
            return await call
        except ProductError:
            self._counts["failures"] += 1
            raise

    async def _load_meta(self) -> dict[str, Any]:
        meta = await self._read(lambda info: info.meta())
        if not isinstance(meta, dict) or not wire.is_universe(meta.get("universe")):
            raise BadAnswer(f"Hyperliquid's markets cannot be believed: {str(meta)[:200]}")
        self._meta = meta
        return meta

    async def _require(self, symbols: Sequence[str]) -> None:
        meta = self._meta or await self._load_meta()
        known = {row["name"] for row in meta["universe"]}
        for symbol in symbols:
            if symbol not in known:
                raise NotFound(f"Hyperliquid has no market {symbol}.")

    async def _pages(self, ask: Callable[..., Any], since_ms: int, page: int) -> list[Any]:
        found: list[Any] = []
        while True:
            rows = await self._read(partial(ask, since_ms=since_ms))
            if not isinstance(rows, list):
                raise BadAnswer(f"Hyperliquid answered no list: {str(rows)[:200]}")
            found += rows
            last = max((wire.stamp(row) for row in rows), default=since_ms)
            if len(rows) < page or last <= since_ms:
                return found
            since_ms = last


CLIENT_ID_BITS = HyperliquidGateway.client_id_bits


def connect() -> HyperliquidGateway:
    """Give the gateway that the environment names: HYPERLIQUID_URL, …_ACCOUNT, …_AGENT_KEY, …_KILL_KEY."""
    url = venue_url()
    return HyperliquidGateway(url, identity_on(network_of(url)))


def _candles_since(info: Info, symbol: str, start_ms: int) -> Any:
    return info.candles_snapshot(symbol, "1m", start_ms, FAR_FUTURE_MS)


def _asked(desk: Desk, ask: Callable[[Info], Any]) -> Any:
    session = desk.session
    session.permitting(always)
    try:
        answer = ask(desk.exchange.info)
    except FAILURES as error:
        raise replies.not_read(session.status, session.said or repr(error)) from error
    if isinstance(answer, dict) and set(answer) == {"error"}:
        raise BadAnswer(f"Hyperliquid's answer is no JSON: {str(answer['error'])[:200]}")
    return answer


def _sent(desk: Desk, send: Callable[[sdk.Exchange], Any], permit: Callable[[], bool]) -> Any:
    session = desk.session
    session.permitting(permit)
    try:
        return send(desk.exchange)
    except Denied as denied:
        raise Unreachable(str(denied), code=denied.code) from None
    except FAILURES as error:
        raise replies.not_answered(session.left, session.status, session.said or repr(error)) from error


def _sdk_order(order: OrderRequest) -> SdkOrder:
    """Give an order as the SDK wants it: a market stop loss where it has a trigger, else IOC, ALO or GTC."""
    if order.trigger is None:
        tif = "Ioc" if order.ioc else "Alo" if order.post_only else "Gtc"
        order_type: dict[str, Any] = {"limit": {"tif": tif}}
    else:
        order_type = {
            "trigger": {"isMarket": True, "triggerPx": wire.exact_float(order.trigger), "tpsl": "sl"}
        }
    return {
        "coin": order.symbol,
        "is_buy": order.side == "buy",
        "sz": wire.exact_float(order.size),
        "limit_px": wire.exact_float(order.price),
        "order_type": order_type,
        "reduce_only": order.reduce_only,
        "cloid": Cloid.from_int(order.client_id),
    }
