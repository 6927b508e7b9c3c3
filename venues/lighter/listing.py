"""Which perpetuals Lighter has, as it lists them: ids, decimals and rules are read, never assumed."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from venues.contract.errors import BadAnswer, NotFound
from venues.lighter import wire
from venues.lighter.rules import LighterMarket, market_of

RECENT_S = 2.0
NO_LIMITS = {"current_taker_fee_tick": 0, "current_maker_fee_tick": 0}


class Listing:
    """The markets of the last read; read at the first need. `ask` asks for `orderBookDetails`, and is
    told whether closing can do without.
    """

    def __init__(self, ask: Callable[[bool], Awaitable[Any]]) -> None:
        self._ask = ask
        self._known: dict[str, LighterMarket] = {}
        self._rows: Mapping[str, Mapping[str, Any]] = {}
        self._read_at = float("-inf")

    async def recent(self) -> Mapping[str, Mapping[str, Any]]:
        """Give the rows as they were read within 2 s, else read them: rules do not change by the second."""
        return self._rows if time.monotonic() - self._read_at < RECENT_S else await self.load()

    async def load(self, *, spare: bool = False) -> Mapping[str, Mapping[str, Any]]:
        """Read every market's row, by symbol; a market that cannot be believed is not known."""
        began = time.monotonic()
        rows = self._rows = wire.market_rows(await self._ask(spare))
        self._read_at = began
        for symbol, row in rows.items():
            try:
                self._known[symbol] = wire.believes(market_of)(row, NO_LIMITS)
            except BadAnswer:
                self._known.pop(symbol, None)
        return rows

    async def require(self, symbols: Sequence[str]) -> list[LighterMarket]:
        """Give these markets, without the account's fees; NotFound."""
        if not self._known:
            await self.load()
        for symbol in symbols:
            if symbol not in self._known:
                raise NotFound(f"Lighter has no market {symbol}.")
        return [self._known[symbol] for symbol in symbols]

    async def names(self) -> dict[int, str]:
        """Give symbols by market id."""
        await self.require([])
        return {market.number: symbol for symbol, market in self._known.items()}
