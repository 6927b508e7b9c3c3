"""Random days: prices, faults, crashes and operators in any order, and what must hold after each step.

A failing day is run again by its seed: `pytest tests/trader/test_random_days.py -k "day[7]"`.
"""

import asyncio
import random
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House, Told
from venues.contract.errors import ProductError
from venues.contract.names import StrategyKey
from venues.contract.states import StrategyState
from venues.trader.core import Config
from venues.trader.gateway import Disconnected, Event, Funding
from venues.trader.models import Booking

SECOND, OTHER = StrategyKey("second", "BTC"), StrategyKey("third", "ETH")
STEPS = 40


class Day:
    """One trader's day by a seed; counts what opened while killed."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.dice = random.Random(seed)
        self.killed: dict[StrategyKey, int] = {}
        self.revision = 0
        self.story: list[str] = []

    async def step(self) -> None:
        action = self.dice.choices(
            ["price", "candle", "wait", "fault", "crash", "settings", "kill", "reset", "hand", "funding",
             "disconnect", "toggle", "side", "disk", "scramble", "vanish", "freeze", "upgrade"],
            [9, 7, 5, 4, 2, 3, 1, 3, 1, 1, 1, 1, 2, 1, 2, 1, 1, 2],
        )[0]  # fmt: skip
        self.story.append(action)
        await getattr(self, action)()
        await self.house.quiet()
        self.count_kills()

    async def price(self) -> None:
        symbol = self.dice.choice(["BTC", "ETH"])
        move = (
            Decimal(self.dice.randint(-70, 70))
            / 1000
            * self.dice.choice([Decimal(1), Decimal(1), Decimal("0.1")])
        )
        base = self.house.venue.marks[symbol]
        await self.house.mark(str((base * (1 + move)).to_integral_value()), symbol)

    async def candle(self) -> None:
        await self.house.candle(self.dice.choice(["BTC", "ETH"]))

    async def wait(self) -> None:
        await self.house.pass_(self.dice.choice([0.25, 0.5, 2]))

    async def fault(self) -> None:
        venue = self.house.venue
        match self.dice.randint(0, 8):
            case 0:
                venue.lose_answers = 1
            case 1:
                venue.swallow = 1
            case 2:
                venue.fill_share = self.dice.choice([Decimal("0.4"), Decimal(1)])
            case 3:
                venue.refuse_closes = self.dice.choice(["", "Trading is halted"])
            case 4:
                venue.refuse_stops = self.dice.choice(["", "Too many orders"])
            case 5:
                venue.silent_fills = self.dice.choice([True, False])
            case 6:
                venue.unread = self.dice.choice([True, False])
            case 7:
                venue.stop_share = self.dice.choice([Decimal("0.5"), Decimal(1)])
            case 8:
                venue.lost_cancels = 1

    async def upgrade(self) -> None:
        """The venue comes back from an upgrade, and takes no IOC for a while."""
        self.house.venue.post_only = True
        await self.dice.choice([self.kill, self.price, self.side])()
        await self.wait()
        if self.dice.random() < 0.5:
            await self.taken()
            await self.wait()
        self.house.venue.post_only = self.dice.random() < 0.3

    async def taken(self) -> None:
        """Somebody takes what rests at its own price."""
        self.house.venue.take(self.dice.choice(["BTC", "ETH"]), self.dice.choice(["0.3", "1"]))

    async def crash(self) -> None:
        await self.house.crash()
        if self.dice.random() < 0.5:
            await self.price()
        await self.house.start()

    async def disk(self) -> None:
        """The disk is full for a while."""
        self.house.disk.full = True
        await self.dice.choice([self.price, self.candle, self.kill])()
        self.house.disk.full = False

    async def scramble(self) -> None:
        """What happens is told late, in any order, and some of it twice."""
        venue = self.house.venue
        venue.held = []
        await self.dice.choice([self.price, self.candle, self.hand])()
        await self.house.pass_(0.5)

        def shuffle(events: list[Event]) -> None:
            events.extend(self.dice.choices(events, k=2) if events else [])
            self.dice.shuffle(events)

        venue.release(shuffle)

    async def vanish(self) -> None:
        """The venue drops the stops, and tells it or not."""
        venue = self.house.venue
        for client_id, one in list(venue.resting.items()):
            del venue.resting[client_id]
            venue.done[client_id] = replace(venue._state(one), status="canceled")
            if self.dice.random() < 0.5:
                venue.tell(venue.done[client_id])

    async def freeze(self) -> None:
        """The process stands still while the venue goes on."""
        venue = self.house.venue
        listen, venue.listen = venue.listen, lambda event: None
        await self.price()
        venue.now_ms += 60_000
        self.house.time.pass_(60)
        venue.listen = listen
        opened = sum(not order.reduce_only for order in venue.sent)
        self.house.engine.tick(1)
        await self.house.quiet()
        assert sum(not order.reduce_only for order in venue.sent) == opened, self.story  # I18
        venue.listen(Disconnected("this process stood still"))
        await venue.start(self.house.engine.on_event, [])

    async def settings(self) -> None:
        self.revision += 1
        name, value = self.dice.choice(
            [
                ("stop_loss_dollars", 3),
                ("stop_loss_dollars", 40),
                ("max_strategy_loss", 20),
                ("max_strategy_loss", 80),
            ]
        )
        await self.house.engine.apply_settings(self.any_key(), {name: Decimal(value)}, None)

    async def kill(self) -> None:
        try:
            await self.house.engine.kill(self.any_key())
        except ProductError as error:
            assert error.code == "not_durable"

    async def reset(self) -> None:
        key = self.any_key()
        try:
            await self.house.engine.reset(key, None)
        except ProductError:
            return
        self.killed.pop(key, None)

    async def hand(self) -> None:
        side = self.dice.choice(["buy", "sell"])
        self.house.venue.by_hand("BTC", side, self.dice.choice(["0.001", "0.02"]))

    async def funding(self) -> None:
        venue = self.house.venue
        amount = Decimal(self.dice.randint(-900, 900)) / 1000
        venue.next_id += 1
        payment = Funding(f"f{venue.next_id}", "BTC", amount, venue.now_ms)
        venue.cash += amount
        venue.payments.append(payment)
        venue.listen(payment)

    async def disconnect(self) -> None:
        self.house.venue.listen(Disconnected("the line broke"))
        await self.house.pass_(0.5)
        await self.house.engine.core.gateway.start(self.house.engine.on_event, [])

    async def toggle(self) -> None:
        key = self.any_key()
        try:
            await self.house.engine.disable(key, None)
            await self.house.engine.enable(key, None)
        except ProductError:
            return

    async def side(self) -> None:
        told = self.house.algorithms[self.any_key()]
        told.side = self.dice.choice(["long", "short", "flat"])

    def any_key(self) -> StrategyKey:
        return self.dice.choice([KEY, SECOND, OTHER])

    def opened(self, key: StrategyKey) -> int:
        number = self.house.desk(key).number
        bits = self.house.venue.client_id_bits
        from venues.trader.clientid import unpack

        ids = [unpack(order.client_id, bits) for order in self.house.venue.sent if not order.reduce_only]
        return sum(said is not None and said.strategy == number for said in ids)

    def count_kills(self) -> None:
        """I1, I13: a killed strategy stays killed and opens nothing until its reset."""
        for key in (KEY, SECOND, OTHER):
            if key in self.killed:
                assert self.house.row(key).is_killed, (self.story, key)
                assert self.opened(key) == self.killed[key], (self.story, key)
            elif self.house.row(key).is_killed:
                self.killed[key] = self.opened(key)

    async def evening(self) -> None:
        """Everything answers again; a while later all must add up."""
        venue = self.house.venue
        venue.lose_answers = venue.swallow = venue.lost_cancels = 0
        venue.stop_share = Decimal(1)
        venue.fill_share, venue.refuse_closes, venue.refuse_stops = Decimal(1), "", ""
        venue.silent_fills = venue.unread = venue.post_only = False
        self.house.engine.core.wants_reconcile.set()
        await self.house.pass_(75)
        known = self.house.follow_rows()
        for key in known:
            await self.house.engine.apply_settings(key, {"stop_loss_dollars": Decimal(13)}, None)
        await self.house.pass_(2)  # the market stands still
        for key, row in known.items():
            assert shown(row) == shown(self.house.row(key)), (self.story, key)
        self.count_kills()


def shown(row: StrategyState) -> object:
    """Give a row without what passes by itself: its time and its last price."""
    return replace(row, as_of="", position=row.position and replace(row.position, mark_price=None))


async def all_on_disk(house: House) -> None:
    """Wait until what a full disk refused is written: it is tried every second."""
    await house.engine.core.settle(5.0)
    await asyncio.sleep(0)


def on_disk(house: House) -> Decimal:
    """Give what every booking on the disk adds up to at the present marks, in USD."""
    total = Decimal(0)
    for booking in Booking.objects.all():
        size = Decimal(booking.lots) / 100_000
        if booking.kind == "funding":
            total += Decimal(booking.amount) / 1_000_000
        else:
            total += size * (house.venue.marks[booking.symbol] - Decimal(booking.price) / 1_000_000)
            total -= Decimal(booking.amount) / 1_000_000
    return total


def assert_adds_up(house: House, story: list[str]) -> None:
    """I8, I10, I14, I21 once everything is quiet."""
    core = house.engine.core
    for symbol in ("BTC", "ETH"):
        held = house.venue.position.get(symbol, Decimal(0))
        assert Decimal(core.booked_lots(symbol)) / 100_000 == held, (story, symbol)
        signs = {desk.lots > 0 for desk in core.on_symbol(symbol) if desk.lots}
        rest = core.unattributed.get(symbol)
        signs |= {rest.lots > 0} if rest and rest.lots else set()
        assert len(signs) <= 1, (story, symbol)
        covered = sum((stop.size for stop in house.venue.stops(symbol)), Decimal(0))
        needed = sum((abs(desk.ledger.size) for desk in core.on_symbol(symbol)), Decimal(0))
        assert covered == needed, (story, symbol)
    for desk in core.desks.values():
        assert desk.kill is None or desk.kill.state == "flat_confirmed", (story, desk.key)


@pytest.mark.parametrize("seed", range(12))
async def test_day(house: House, seed: int) -> None:
    await a_day(house, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1150))
async def test_many_days(house: House, seed: int) -> None:
    await a_day(house, seed)


async def a_day(house: House, seed: int) -> None:
    for key in (SECOND, OTHER):
        house.algorithms[key] = Told("long")
    house.config = Config(kill_on="drawdown" if seed % 3 == 0 else "loss")
    house.engine = house.build()
    await house.start()
    day = Day(house, seed)
    for _ in range(STEPS):
        await day.step()
    await day.evening()
    await all_on_disk(house)
    assert_adds_up(house, day.story)
    booked: list[Decimal] = []
    await house.disk_run(lambda: booked.append(on_disk(house)))
    assert booked == [house.venue.equity() - 10_000], day.story
