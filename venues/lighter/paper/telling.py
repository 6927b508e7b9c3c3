"""Tells subscribers what happened to orders and accounts, in the order in which it happened."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from venues.lighter.paper import channels, prices, shapes
from venues.lighter.paper.markets import INSTRUMENTS, NAME
from venues.paper.accounts import Account
from venues.paper.events import AccountChanged, CandleClosed, Event, Filled, OrderChanged
from venues.paper.exchange import Exchange
from venues.paper.orders import Fill, Order

Push = Callable[..., None]


class Teller:
    """Turns the events of one commit into frames for `push(channel, body)`."""

    def __init__(self, exchange: Exchange, push: Push) -> None:
        self.x = exchange
        self.push = push

    def tell(self, events: list[Event]) -> None:
        """Tell the venue's orders and fills, then what they made of the accounts."""
        orders: dict[str, list[Order]] = defaultdict(list)
        fills: dict[str, list[Fill]] = defaultdict(list)
        changed: dict[str, None] = {}
        for event in events:
            match event:
                case OrderChanged(order) if order.venue == NAME:
                    orders[order.account].append(order)
                case Filled(parts) if parts[0].venue == NAME:
                    fills[parts[0].account].extend(parts)
                case AccountChanged(venue, account) if venue == NAME:
                    changed[account] = None
                case CandleClosed():
                    self._tell_candle(event)
        for account, mine in orders.items():
            self._tell_orders(account, mine)
        for account, parts_of in fills.items():
            self._tell_fills(account, parts_of)
        for account in {**changed, **dict.fromkeys(orders)}:
            self._tell_account(self.x.accounts[NAME, account], fills.get(account, []))

    def _tell_orders(self, account: str, changes: list[Order]) -> None:
        """Tell every change; a later one of the same order in a frame of its own."""
        for frame in _frames(changes):
            self.push(
                f"account_all_orders:{account}", lambda one=frame: {"orders": channels.orders(self.x, one)}
            )
            for symbol in {order.symbol for order in frame}:
                here = [order for order in frame if order.symbol == symbol]
                self.push(
                    f"account_orders:{INSTRUMENTS[symbol].number}:{account}",
                    lambda one=here: {
                        "account": int(account),
                        "nonce": self.x.second,
                        "orders": channels.orders(self.x, one),
                    },
                )

    def _tell_fills(self, account: str, fills: list[Fill]) -> None:
        self.push(f"account_all_trades:{account}", lambda: {"trades": channels.trades(fills)})
        for fill in fills:
            number = INSTRUMENTS[fill.symbol].number
            self.push(f"trade:{number}", lambda one=fill: self.tape([shapes.trade(one)]))

    def tape(self, trades: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Give the body of a frame of public trades."""
        return {"liquidation_trades": [], "nonce": self.x.second, "trades": trades}

    def _tell_account(self, account: Account, fills: list[Fill]) -> None:
        name = account.name
        for kind in ("account_all_positions", "account_all_assets", "user_stats"):
            self._push_whole(kind, name)
        self.push(f"account_all:{name}", lambda: channels.account_all(self.x, account, fills))

    def tell_values(self) -> None:
        """Tell what accounts are worth as prices move."""
        for venue, name in self.x.accounts:
            if venue == NAME:
                self._push_whole("account_all_positions", name)
                self._push_whole("user_stats", name)

    def _push_whole(self, kind: str, name: str) -> None:
        channel = channels.Channel(kind, account=name)
        self.push(channel.name, lambda: channels.whole(self.x, channel), latest=True)

    def _tell_candle(self, closed: CandleClosed) -> None:
        instrument = INSTRUMENTS[closed.symbol]
        last = prices.candle(instrument, closed.candle, 1)
        self.push(f"candle:{instrument.number}:1m", lambda: {"candles": [last]})


def _frames(changes: Iterable[Order]) -> list[list[Order]]:
    """Give changes in their order, no order twice in the same frame."""
    frames: list[list[Order]] = [[]]
    for order in changes:
        if any(one.oid == order.oid for one in frames[-1]):
            frames.append([])
        frames[-1].append(order)
    return frames
