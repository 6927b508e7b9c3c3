"""What became of each order, as the account stream and reads tell it, for whoever waits to hear."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection

from venues.trader.gateway import FINAL, OrderState

REMEMBERED = 2000


def is_final(state: OrderState) -> bool:
    """Tell whether nothing more becomes of an order."""
    return state.status in FINAL


class Outcomes:
    """The last state of each order of ours, by client id; what is final stays final."""

    def __init__(self) -> None:
        self._states: OrderedDict[int, OrderState] = OrderedDict()
        self._told = asyncio.Event()

    def hear(self, state: OrderState) -> None:
        """Take what was told of an order."""
        if state.client_id is None:
            return
        before = self._states.get(state.client_id)
        if before is not None and is_final(before) and not is_final(state):
            return
        self._states[state.client_id] = state
        self._states.move_to_end(state.client_id)
        while len(self._states) > REMEMBERED:
            self._states.popitem(last=False)
        self._told.set()

    def of(self, client_id: int) -> OrderState | None:
        """Give the last state of an order; None where none was told."""
        return self._states.get(client_id)

    async def wait(
        self, client_ids: Collection[int], enough: Callable[[OrderState], bool], limit_s: float
    ) -> bool:
        """Wait until enough is known of every one of these orders; tells whether it came to that."""

        def known() -> bool:
            found = [self._states.get(one) for one in client_ids]
            return all(state is not None and enough(state) for state in found)

        try:
            async with asyncio.timeout(limit_s):
                while not known():
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            return known()
        return True
