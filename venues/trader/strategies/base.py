"""The Strategy base class: closed candles in, a wanted side out."""

from collections.abc import Sequence
from typing import Any, Literal

from venues.trader.gateway import Candle

Wanted = Literal["long", "short", "flat"]


class Strategy:
    """One algorithm on one symbol. It sees closed candles and says which side it wants to hold.

    It knows nothing of money, orders or settings: those are the trader's.
    """

    defaults: dict[str, Any] = {}
    history = 200  # closed candles it wants to see, at most

    def __init__(self, **parameters: Any) -> None:
        """Take the strategies file's `parameters`; an unknown name is refused."""
        unknown = set(parameters) - set(self.defaults)
        if unknown:
            raise ValueError(f"unknown parameter {', '.join(sorted(unknown))}")
        self.parameters = {**self.defaults, **parameters}

    def wanted(self, candles: Sequence[Candle], held: Wanted) -> Wanted:
        """Give the side to hold from here on; `candles` oldest first, `held` is the side held."""
        raise NotImplementedError
