"""The official SDK behind the Gateway protocol: its objects, questions and signatures, nothing beside.

The SDK can neither set when a transaction expires at the venue (it says 10 minutes) nor bound its
calls, and reads answers as floats: here its own methods ask and sign, on one HTTP session of ours,
and give what the venue answered as it came.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK imports a legacy name of websockets
    from lighter.api.account_api import AccountApi
    from lighter.api.candlestick_api import CandlestickApi
    from lighter.api.root_api import RootApi
    from lighter.nonce_manager import NonceManagerType
    from lighter.signer_client import CreateOrderTxReq, SignerClient, create_api_key

from venues.contract.errors import Refused
from venues.lighter.client import LighterGateway
from venues.lighter.drafts import ONE_TRIGGERS_THE_OTHER, Draft
from venues.lighter.identity import Identity, identity_on
from venues.lighter.network import chain_of, network_of, venue_url
from venues.lighter.sender import Signed
from venues.lighter.session import venue_session, without_proxies
from venues.serving import environment
from venues.trader.gateways.clock import VenueClock
from venues.trader.gateways.stream import Patience

LATEST_MS = 5_000_000_000_000
PAGE = 100
CLIENT_ID_BITS = LighterGateway.client_id_bits

Answer = Any  # an awaitable aiohttp response: the SDK's types are not followed


class Sdk:
    """The SDK's objects for one account; made on the loop that uses them."""

    def __init__(self, url: str, identity: Identity) -> None:
        without_proxies()
        self._account = identity.account
        keys = {key.index: key.private for key in identity.keys}
        self.signer = SignerClient(
            url,
            identity.account,
            keys,
            nonce_management_type=NonceManagerType.NONE,
            chain_id=chain_of(url),
        )
        client = self.signer.api_client
        self._unused, client.rest_client.pool_manager = client.rest_client.pool_manager, venue_session()
        self._orders = self.signer.order_api
        self._transactions = self.signer.tx_api
        self._accounts = AccountApi(client)
        self._candles = CandlestickApi(client)
        self._root = RootApi(client)

    async def close(self) -> None:
        """Close the sessions, the one that the SDK made for itself included."""
        await self._unused.close()
        await self.signer.close()

    # Questions.

    def status(self) -> Answer:
        """Ask `/`."""
        return self._root.status_without_preload_content()

    def markets(self) -> Answer:
        """Ask for every perpetual."""
        return self._orders.order_book_details_without_preload_content(filter="perp")

    def account(self) -> Answer:
        """Ask for the account's row."""
        return self._accounts.account_without_preload_content(by="index", value=str(self._account))

    def limits(self, token: str) -> Answer:
        """Ask for tier and fees."""
        return self._accounts.account_limits_without_preload_content(
            account_index=self._account, authorization=token
        )

    def candles(self, market: int, start_ms: int, count: int) -> Answer:
        """Ask for the last one-minute candles from a time on."""
        return self._candles.candles_without_preload_content(
            market_id=market,
            resolution="1m",
            start_timestamp=start_ms,
            end_timestamp=LATEST_MS,
            count_back=count,
        )

    def open_orders(self, token: str) -> Answer:
        """Ask for every open order."""
        return self._orders.account_active_orders_without_preload_content(
            authorization=token, account_index=self._account
        )

    def orders(self, client_ids: Sequence[int], token: str) -> Answer:
        """Ask for up to 20 orders by client index."""
        return self._orders.account_orders_without_preload_content(
            authorization=token,
            client_order_indexes=",".join(map(str, client_ids)),
            account_index=self._account,
        )

    def trades(self, cursor: str | None, token: str) -> Answer:
        """Ask for a page of the account's trades, newest first."""
        return self._orders.trades_without_preload_content(
            sort_by="timestamp",
            sort_dir="desc",
            limit=PAGE,
            authorization=token,
            account_index=self._account,
            cursor=cursor,
        )

    def payments(self, cursor: str | None, token: str) -> Answer:
        """Ask for a page of the account's funding, newest first."""
        return self._accounts.position_funding_without_preload_content(
            account_index=self._account, limit=PAGE, authorization=token, cursor=cursor
        )

    def next_nonce(self, key: int) -> Answer:
        """Ask for the nonce that a key is to use next."""
        return self._transactions.next_nonce_without_preload_content(
            account_index=self._account, api_key_index=key
        )

    def post(self, kind: int, info: str) -> Answer:
        """Send a signed transaction."""
        return self._transactions.send_tx_without_preload_content(tx_type=kind, tx_info=info)

    def check_keys(self) -> str | None:
        """Give what is wrong with the keys; a blocking request of the signer's own, without limit."""
        found: str | None = self.signer.check_client()
        return found

    # Signatures: synchronous, 3 to 12 ms, from any thread.

    def token(self, life_s: int, now_s: int, key: int) -> tuple[str | None, str | None]:
        """Give (auth token, error)."""
        token, error = self.signer.create_auth_token_with_expiry(life_s, timestamp=now_s, api_key_index=key)
        return token, error

    def sign_orders(self, made: Sequence[Draft], key: int, nonce: int) -> Signed:
        """Sign one order, or an entry that triggers its stop."""
        if len(made) == 1:
            signed = self.signer.sign_create_order(*made[0], skip_nonce=1, nonce=nonce, api_key_index=key)
        else:
            group = [CreateOrderTxReq(*one) for one in made]
            signed = self.signer.sign_create_grouped_orders(
                ONE_TRIGGERS_THE_OTHER, group, skip_nonce=1, nonce=nonce, api_key_index=key
            )
        return Signed(*signed)

    def sign_cancel(self, market: int, client_id: int, key: int, nonce: int) -> Signed:
        """Sign the cancel of an order by its client index."""
        signed = self.signer.sign_cancel_order(
            market, client_id, skip_nonce=1, nonce=nonce, api_key_index=key
        )
        return Signed(*signed)

    def sign_leverage(self, market: int, fraction: int, mode: int, key: int, nonce: int) -> Signed:
        """Sign an initial margin fraction in 1e-4; mode 0 is cross, 1 isolated."""
        signed = self.signer.sign_update_leverage(
            market, fraction, mode, skip_nonce=1, nonce=nonce, api_key_index=key
        )
        return Signed(*signed)


def new_key() -> tuple[str, str]:
    """Give (private, public) halves of a fresh API key, 80 hex digits each."""
    made: tuple[str, str, str | None] = create_api_key()
    private, public, error = made
    if error is not None:
        raise Refused(f"Lighter's signer makes no key: {error}")
    return private.removeprefix("0x"), public.removeprefix("0x")


def open_gateway(
    url: str,
    identity: Identity,
    patience: Patience | None = None,
    clock: VenueClock | None = None,
    folder: Path | None = None,
) -> LighterGateway:
    """Give the gateway of an account; the SDK's objects are made at its first use, on its loop.

    `folder` keeps what has left of a minute's requests over a restart.
    """
    return LighterGateway(url, identity, lambda: Sdk(url, identity), patience, clock, folder)


def connect() -> LighterGateway:
    """Give the gateway that the environment names: LIGHTER_URL and the variables of identity.py."""
    url = venue_url()
    return open_gateway(url, identity_on(network_of(url)), folder=environment.var_dir())
