"""A paper exchange with Lighter's face in the test's own process: a clock by hand, memory only."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from tests.paper.newborn import NO_CHANCE, Clock, Kept
from venues.lighter.paper import VENUE
from venues.lighter.paper.face import LighterFace
from venues.lighter.paper.markets import NAME
from venues.paper.accounts import Account
from venues.paper.engine import jump
from venues.paper.exchange import Exchange
from venues.paper.market import Market
from venues.paper.orders import Order
from venues.paper.symbols import SYMBOLS
from venues.paper.synthetic import Synthetic

AT_ONCE = NO_CHANCE | {"delay", "rejects", "rate_limits"}
INDEX, KEY, OTHER_KEY = 7, 5, 6
SIGNATURE = base64.b64encode(bytes([1]) + bytes(39) + bytes([2]) + bytes(39)).decode()
DAY_MS = 86_400_000


@dataclass
class Lighter:
    """An exchange, its face, and one account of 10 000 USD with two API keys; ETH at 3 000, BTC at 96 000."""

    x: Exchange
    face: LighterFace
    clock: Clock
    nonce: int = 0
    clients: int = 0
    told: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def account(self) -> Account:
        return self.x.accounts[NAME, str(INDEX)]

    def info(self, **body: Any) -> dict[str, Any]:
        """Give a transaction of the next nonce; `body` wins."""
        self.nonce += 1
        head = {"AccountIndex": INDEX, "ApiKeyIndex": KEY, "ExpiredAt": self.clock.ms + 60_000}
        return {**head, "Nonce": self.nonce, "Sig": SIGNATURE, "L2TxAttributes": None, **body}

    def send(self, kind: int, **body: Any) -> str:
        """Send one transaction and give its hash."""
        return self.batch((kind, self.info(**body)))[0]

    def batch(self, *sent: tuple[int, dict[str, Any]]) -> list[str]:
        return self.face.sequencer.accept([(kind, json.dumps(info)) for kind, info in sent])

    def order(self, **more: Any) -> dict[str, Any]:
        """Give the fields of a limit buy of 0.1 ETH at 2 900."""
        self.clients += 1
        fields = {
            "MarketIndex": 0,
            "ClientOrderIndex": self.clients,
            "BaseAmount": 1000,
            "Price": 290_000,
            "IsAsk": 0,
            "Type": 0,
            "TimeInForce": 1,
            "ReduceOnly": 0,
            "TriggerPrice": 0,
            "OrderExpiry": self.clock.ms + 28 * DAY_MS,
        }
        return {**fields, **more}

    def market(self, ask: bool = False, lots: int = 1000, **more: Any) -> dict[str, Any]:
        """Give the fields of a market order with 5 % of slack."""
        price = 285_000 if ask else 315_000
        fields = {"Type": 1, "TimeInForce": 0, "OrderExpiry": 0, "Price": price}
        return self.order(**{**fields, "IsAsk": int(ask), "BaseAmount": lots, **more})

    def stop(self, trigger: int, price: int, **more: Any) -> dict[str, Any]:
        """Give the fields of a reduce-only stop-loss that sells 0.1 ETH."""
        fields = {"Type": 2, "TimeInForce": 0, "IsAsk": 1, "ReduceOnly": 1}
        return self.order(**{**fields, "TriggerPrice": trigger, "Price": price, **more})

    def create(self, **fields: Any) -> Order | None:
        """Place an order and give what became of it; None where nothing is known of it."""
        self.send(14, **fields)
        client = fields["ClientOrderIndex"]
        return self.x.order_by_client(self.account, str(client))

    def known(self, **fields: Any) -> Order:
        """Place an order that the exchange must know."""
        found = self.create(**fields)
        assert found is not None
        return found

    def price(self, symbol: str, price: float) -> None:
        jump(self.x, symbol, round(price * 1e6))
        self.x.commit()

    @property
    def lots(self) -> int:
        return self.account.position("ETH").lots


def lighter(without: frozenset[str] = AT_ONCE, speed: int = 0, seed: int = 1) -> Lighter:
    """Give an exchange born now."""
    clock = Clock()
    markets = {
        name: Market(SYMBOLS[name], Synthetic(SYMBOLS[name], seed, jumps=False), [VENUE], without)
        for name in ("BTC", "ETH", "SOL")
    }
    x = Exchange([VENUE], markets, keeper=Kept(), now_ms=clock, speed=speed, seed=seed, without=without)
    x.second = clock.ms // 1000
    for market in markets.values():
        market.bear(clock.ms // 60_000, market.feed)
    for symbol, price in (("BTC", 96_000), ("ETH", 3_000)):
        jump(x, symbol, price * 10**6)
        markets[symbol].thin_until = 0
    face = LighterFace(x)
    keys = {str(KEY): "a" * 80, str(OTHER_KEY): "b" * 80}
    account, _ = face.open_account({"account_index": INDEX, "api_keys": keys})
    account.deposits = 10_000_000_000
    x.commit()
    return Lighter(x, face, clock)
