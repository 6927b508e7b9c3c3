"""Which perpetuals Lighter has, as it lists them: ids, decimals and rules are read, never assumed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from venues.contract.errors import BadAnswer, NotFound
from venues.lighter import wire
from venues.lighter.rules import LighterMarket, market_of

NO_LIMITS = {"current_taker_fee_tick": 0, "current_maker_fee_tick": 0}


class Listing:
    """The markets of the last read; read at the first need. `ask` asks for `orderBookDetails`."""

    def __init__(self, ask: Callable[[], Awaitable[Any]]) -> None:
        self._ask = ask
        self._known: dict[str, LighterMarket] = {}

    async def load(self) -> Mapping[str, Mapping[str, Any]]:
        """Read every market's row, by symbol; a market that cannot be believed is not known."""
        rows = wire.market_rows(await self._ask())
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
