"""One account at Lighter as the engine sees it; the stream tells nearly all, reads and sends are few.

A standard account has 60 reads and 60 transactions a minute, and both keep a part for closing. An
opening order leaves only while its own expiry is 1 to 60 s ahead, and one whose answer is lost is
cancelled by its client index at once: the signer can set no expiry of its own.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from venues.contract.errors import BadAnswer, ProductError, Refused, Unknown, Unreachable
from venues.lighter import checks, confirming, history, replies, wire
from venues.lighter.account import AccountRow
from venues.lighter.budget import Budget
from venues.lighter.drafts import drafts
from venues.lighter.equity import Equities
from venues.lighter.feed import Feed
from venues.lighter.identity import Identity
from venues.lighter.listing import Listing
from venues.lighter.network import chain_of, network_of, stream_url
from venues.lighter.outcomes import Outcomes, is_final
from venues.lighter.paying import Payments
from venues.lighter.reader import Reader
from venues.lighter.record import Record
from venues.lighter.replies import Rejected
from venues.lighter.rules import FRACTION, fraction_of, market_of
from venues.lighter.sender import Sender, Sign
from venues.lighter.session import heard
from venues.trader.gateway import (
    AccountRead,
    Candle,
    Connected,
    Disconnected,
    Event,
    Fill,
    Funding,
    Market,
    OrderReply,
    OrderRequest,
    OrderState,
    OrderStatus,
    Prices,
    never,
)
from venues.trader.gateways.clock import VenueClock
from venues.trader.gateways.leaving import always, check_expiry
from venues.trader.gateways.stream import Patience, Stream

if TYPE_CHECKING:
    from venues.lighter.gateway import Sdk

MOST, KEPT_SENDS, KEPT_READS = 60, 20, 15
MINUTE_MS = 60_000
SETTING_S = (0.4, 0.8, 1.6)
CANCEL_S = 1.0


class LighterGateway:
    """One account at Lighter, mainnet, testnet or paper; see the Gateway protocol."""

    venue = "lighter"
    client_id_bits = 48

    def __init__(
        self,
        url: str,
        identity: Identity,
        make_sdk: "Callable[[], Sdk]",
        patience: Patience | None = None,
        clock: VenueClock | None = None,
        folder: Path | None = None,
    ) -> None:
        """`folder` is where a minute's requests are counted on over a restart; None: in memory alone."""
        self.network: str = network_of(url)
        self._url = url
        self._identity = identity
        self._account = identity.account
        self._patience = patience
        self._clock = clock or VenueClock()
        self._make_sdk = make_sdk
        self._opened: Sdk | None = None
        self._reads, self._sends = (
            Budget(what, MOST, kept, record=Record(folder / f"lighter.{what}", MOST) if folder else None)
            for what, kept in (("reads", KEPT_READS), ("transactions", KEPT_SENDS))
        )
        self._reader = Reader(self._reads, self._make_token)
        kill_key = identity.kill_key.index if identity.kill_key else None
        self._sender = Sender(
            identity.api_key.index, kill_key, self._clock, self._sends, self._post, self._next_nonce
        )
        self._outcomes = Outcomes()
        self._equities = Equities()
        self._listing = Listing(lambda spare: self._reader.ask(self._sdk.markets, spare=spare))
        self._stream: Stream | None = None
        self._streaming = False
        self._row = AccountRow(
            lambda *, spare: self._reader.ask(self._sdk.account, spare=spare), identity.account
        )
        self._payments = Payments(self.funding)
        self._keys = checks.Keys(self._reads.take)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._counts = {"transactions": 0, "failures": 0, "prices_dropped": 0, "voided": 0}

    # The stream.

    async def start(
        self,
        listen: Callable[[Event], None],
        symbols: Sequence[str] = (),
        is_closing: Callable[[], bool] = never,
    ) -> None:
        """Begin the stream of the account and of these symbols; see the protocol."""
        self._reader.is_closing = is_closing

        async def make_feed() -> Feed:
            names = await self._listing.names()
            token = await self._reader.fresh_token()
            self._clock.begin_anew()
            return Feed(
                self._account,
                symbols,
                names,
                token,
                is_stale=self._reader.is_stale,
                told_time=self._clock.told,
                paid=lambda: self._payments.tell(listen),
            )

        def tell(event: Event) -> None:
            match event:
                case OrderState():
                    self._outcomes.hear(event)
                case AccountRead():
                    self._equities.hear(event.equity)
                case Connected() | Disconnected():
                    self._streaming = isinstance(event, Connected)
            listen(event)

        self._stream = Stream("Lighter", stream_url(self._url), make_feed, tell, self._patience)
        self._spawn(self._stream.run())

    async def stop(self) -> None:
        """End the stream and what is under way; transactions on their way are not waited for."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._payments.stop()
        self._sender.close()
        self._reads.close()
        self._sends.close()
        if self._opened is not None:
            await self._opened.close()

    # Reads.

    async def check(self) -> list[str]:
        """Give what speaks against trading: venue, clock, chain, account, keys.

        Source: risk.md, "Before a trader may trade"; venue-lighter.md, section 12.
        """
        said = await checks.speaking_against(
            self._reader.ask(self._sdk.status, spare=True),
            self._row.recent(spare=True),
            self._keys.ask(self._sdk.check_keys),
            self._clock,
        )
        return [*said, *checks.chain(chain_of(self._url), self._sdk.signer.chain_id)]

    async def markets(self, symbols: Sequence[str]) -> dict[str, Market]:
        """Give the perpetuals asked for that exist, with this account's fees."""
        limits = await self._reader.ask_private(self._sdk.limits)
        rows = await self._listing.recent()
        read = wire.believes(market_of)
        return {symbol: read(rows[symbol], limits) for symbol in symbols if symbol in rows}

    async def account(self) -> AccountRead:
        """Read equity and positions; the stream's figure of the equity must agree within 1 %."""
        at_ms = self.venue_ms()
        found = wire.account_read(await self._row.read(), at_ms)
        await self._equities.check(found.equity)
        return found

    async def prices(self) -> list[Prices]:
        """Read the prices of every market; those that cannot be believed are dropped and counted."""
        found = []
        for symbol, row in (await self._listing.load(spare=True)).items():
            try:
                found.append(wire.prices(row, symbol))
            except BadAnswer:
                self._counts["prices_dropped"] += 1
        return found

    async def candles(self, symbol: str, count: int) -> list[Candle]:
        """Give the last closed one-minute candles, oldest first.

        Candles are stamped in market time, which on the paper exchange runs apart from the venue's:
        where the last minutes of venue time hold too few, the latest the venue has are asked for.
        """
        market = (await self._listing.require([symbol]))[0]
        start = self.venue_ms() - (count + 2) * MINUTE_MS
        for start_ms in (max(0, start), 0):
            ask = partial(self._sdk.candles, market.number, start_ms, count + 1)
            answer = await self._reader.ask(ask, spare=True)
            found = wire.candle_rows(answer, symbol, count)
            if len(found) >= count:
                break
        return found

    async def open_orders(self) -> list[OrderState]:
        """Give every resting order and waiting trigger of the account."""
        names = await self._listing.names()
        answer = await self._reader.ask_private(self._sdk.open_orders)
        return wire.order_states(answer, names)

    async def order(self, symbol: str, client_id: int) -> OrderState | None:
        """Give the fate of one order of ours; None where the venue does not know it."""
        told = self._outcomes.of(client_id)
        if told is not None and is_final(told):
            return told  # nothing more becomes of it, and reads are few
        found = {state.client_id: state for state in await self._orders([client_id])}
        return found.get(client_id)

    async def fills(self, since_ms: int) -> list[Fill]:
        """Give the fills from then on, oldest first, page by page."""
        names = await self._listing.names()
        return await history.since(
            since_ms,
            lambda cursor: self._reader.ask_private(partial(self._sdk.trades, cursor)),
            lambda answer: wire.fills(answer, self._account, names),
            lambda answer: wire.oldest_ms(answer["trades"]),
        )

    async def funding(self, since_ms: int) -> list[Funding]:
        """Give the funding payments from then on, oldest first, page by page."""
        names = await self._listing.names()
        found = await history.since(
            since_ms,
            lambda cursor: self._reader.ask_private(partial(self._sdk.payments, cursor)),
            lambda answer: wire.fundings(answer, names),
            lambda answer: wire.oldest_ms(answer["position_fundings"]),
        )
        self._payments.know(found)
        return found

    async def leverage(self, symbol: str) -> tuple[int, bool]:
        """Give (leverage, is cross); the market's default until the account has set another."""
        market = (await self._listing.require([symbol]))[0]
        found = wire.leverage(await self._row.recent(), market.number)
        return (FRACTION // market.default_fraction, True) if found is None else found

    def venue_ms(self) -> int:
        """Give the venue's time now."""
        return self._clock.now_ms()

    def skew_ms(self) -> int | None:
        """Give venue time minus wall time, None while unknown."""
        return self._clock.skew_ms()

    def counters(self) -> dict[str, float]:
        """Give what was counted since the start, by name; of the minute that runs, what is spent."""
        streamed = self._stream.counters() if self._stream else {}
        return {
            **self._counts,
            "requests": self._reader.asked,
            "requests_failed": self._reader.failed,
            "reads_spent": self._reads.spent,
            "reads_refused": self._reads.refused,
            "transactions_spent": self._sends.spent,
            "transactions_refused": self._sends.refused,
            **streamed,
        }

    # Actions.

    async def set_leverage(self, symbol: str, leverage: int, cross: bool) -> None:
        """Set it and read it back; Refused with the venue's sentence, or Unreachable, Unknown."""
        market = (await self._listing.require([symbol]))[0]
        if leverage < 1:
            raise Refused(f"{leverage} is no leverage.", code="rejected")
        fraction, mode = fraction_of(leverage), 0 if cross else 1
        await self._send(partial(self._sdk.sign_leverage, market.number, fraction, mode))
        for wait_s in SETTING_S:
            await asyncio.sleep(wait_s)
            self._row.forget()
            if await self.leverage(symbol) == (leverage, cross):
                return
        raise Unknown(f"Lighter took the leverage of {symbol} and does not show it.")

    async def place(
        self, orders: Sequence[OrderRequest], permit: Callable[[], bool], *, closing: bool = False
    ) -> list[OrderReply]:
        """Send one order, or an entry with its stop as a group, and give what became of them.

        Raises Unreachable, Unknown, NotFound for a symbol, Refused for a number that would be rounded.
        """
        if not orders:
            return []
        if any(order.kind == "close" for order in orders):
            self._reader.note_closing()
        markets = await self._listing.require([order.symbol for order in orders])
        made = drafts(orders, markets, self.venue_ms())
        expires_ms = min((order.expires_ms for order in orders if order.expires_ms is not None), default=None)

        def permitted() -> bool:
            if expires_ms is not None:
                check_expiry(expires_ms, self._clock.now_ms())
            return permit()

        try:
            await self._send(partial(self._sdk.sign_orders, made), permitted, closing=closing)
            look = partial(self._look, closing=closing)
            return await confirming.confirm(orders, self._outcomes, look, self._streaming)
        except Rejected as error:
            return confirming.refused(orders, error)
        except Unknown:
            if expires_ms is not None and not closing:
                self._spawn(self._void(orders[0]))
            raise

    async def cancel(self, orders: Sequence[tuple[str, int]], *, closing: bool = False) -> list[OrderReply]:
        """Cancel by (symbol, client id); a status "unknown" means: it was not open any more."""
        markets = await self._listing.require([symbol for symbol, _ in orders])
        said: dict[int, OrderReply] = {}
        for market, (_, client_id) in zip(markets, orders, strict=True):
            try:
                await self._send(partial(self._sdk.sign_cancel, market.number, client_id), closing=closing)
            except Rejected as error:
                word: OrderStatus = "unknown" if error.number in replies.NOT_OPEN else "rejected"
                said[client_id] = OrderReply(client_id, word, error=error.detail)
        sent = [client_id for _, client_id in orders if client_id not in said]
        if sent and not await self._outcomes.wait(sent, is_final, CANCEL_S):
            await self._look(sent, closing=closing)
        return [
            said.get(client_id) or confirming.cancelled(client_id, self._outcomes.of(client_id))
            for _, client_id in orders
        ]

    # How a question or a transaction leaves.

    @property
    def _sdk(self) -> "Sdk":
        if self._opened is None:
            self._opened = self._make_sdk()
        return self._opened

    async def _make_token(self, life_s: int) -> str:
        now_s, key = self._clock.now_ms() // 1000, self._identity.api_key.index
        token, error = await self._sender.sign(partial(self._sdk.token, life_s, now_s, key))
        if token is None:
            raise Unreachable(f"Lighter's signer makes no auth token: {error}")
        return token

    async def _send(self, sign: Sign, permit: Callable[[], bool] = always, *, closing: bool = False) -> str:
        self._counts["transactions"] += 1
        try:
            return await self._sender.send(sign, permit, closing=closing)
        except ProductError as error:
            self._counts["failures"] += 1
            self._keys.hear(error)
            raise

    async def _post(self, kind: int, info: str, permit: Callable[[], bool]) -> str:
        return replies.accepted(*await heard(partial(self._sdk.post, kind, info), Unknown, permit))

    async def _next_nonce(self, key: int, closing: bool) -> int:
        ask = partial(self._sdk.next_nonce, key)
        return wire.next_nonce(await self._reader.ask(ask, closing=closing))

    async def _void(self, order: OrderRequest) -> None:
        """Cancel an order that nobody knows the fate of; as soon as this arrives, it can arrive no more."""
        self._counts["voided"] += 1
        try:
            await self.cancel([(order.symbol, order.client_id)], closing=True)
        except ProductError:
            self._counts["failures"] += 1

    # What is known of the venue.

    async def _orders(self, client_ids: Sequence[int], *, closing: bool = False) -> list[OrderState]:
        names = await self._listing.names()
        answer = await self._reader.ask_private(partial(self._sdk.orders, client_ids), closing=closing)
        return wire.order_states(answer, names)

    async def _look(self, client_ids: Sequence[int], *, closing: bool = False) -> None:
        for state in await self._orders(client_ids, closing=closing):
            self._outcomes.hear(state)

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
