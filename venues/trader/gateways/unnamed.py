"""Opens the venue's gateway; where none can be made, such as without an account, one that says why."""

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from venues.contract.errors import Unreachable
from venues.trader.gateway import Disconnected, Event, Gateway, never


class Unnamed:
    """Reaches nobody: the trader keeps its memory, its kills and its faces, and is halted with the reason."""

    def __init__(self, venue: str, network: str, client_id_bits: int, why: str) -> None:
        self.venue = venue
        self.network = network
        self.client_id_bits = client_id_bits
        self.why = why

    async def start(
        self,
        listen: Callable[[Event], None],
        symbols: Sequence[str] = (),
        is_closing: Callable[[], bool] = never,
    ) -> None:
        """Say once that nothing is connected."""
        listen(Disconnected(self.why))

    async def stop(self) -> None:
        """End nothing."""

    async def unreachable(self, *asked: Any, **how: Any) -> Any:
        """Answer every question and command: surely not sent."""
        raise Unreachable(self.why)

    check = markets = account = prices = candles = open_orders = order = unreachable
    fills = funding = leverage = set_leverage = place = cancel = unreachable

    def venue_ms(self) -> int:
        """Give the wall clock's time, for what is only shown."""
        return int(time.time() * 1000)

    def skew_ms(self) -> int | None:
        """Give None: no venue told its time."""
        return None

    def counters(self) -> dict[str, float]:
        """Give nothing: nothing was counted."""
        return {}


def open_gateway(venue: str) -> Gateway:
    """Give the gateway that the environment names; raises ImproperlyConfigured for a URL that is none.

    A process that ended for want of a key would show its reason on no page.
    """
    module = import_module(f"venues.{venue}.gateway")
    try:
        gateway: Gateway = module.connect()
    except ImproperlyConfigured as error:
        network = import_module(f"venues.{venue}.network")
        named = network.network_of(network.venue_url())
        return Unnamed(venue, named, module.CLIENT_ID_BITS, str(error))
    return gateway
