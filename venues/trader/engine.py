"""The engine: events in, decisions, orders out; and the one facade under every face of the trader."""

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from venues.contract.errors import NotFound, ProductError
from venues.contract.names import StrategyKey
from venues.contract.states import Account, StrategyState, Trade
from venues.trader import (
    asking,
    bookkeeping,
    closing,
    commands,
    entering,
    gate,
    killfile,
    protecting,
    reconcile,
    restoring,
    rows,
    tripping,
)
from venues.trader.clientid import unpack
from venues.trader.core import Clock, Config, Core
from venues.trader.desk import Desk
from venues.trader.gateway import (
    AccountRead,
    Candle,
    Connected,
    Disconnected,
    Event,
    Fill,
    Funding,
    Gateway,
    OrderState,
    Prices,
)
from venues.trader.roster import RosterEntry, load
from venues.trader.store import NotStored, Store

log = logging.getLogger(__name__)

TICK_S = 0.25
RECONCILE_EVERY_S = 60.0
AGAIN_FIRST_S, AGAIN_MOST_S = 1.0, 30.0


class Engine:
    """One trader: holds the core, feeds it events, answers its faces. Used on its loop only."""

    def __init__(
        self,
        source: str,
        gateway: Gateway,
        store: Store,
        roster: Sequence[RosterEntry],
        config: Config,
        var_dir: Path,
        clock: Clock | None = None,
    ) -> None:
        self.core = Core(source, gateway, store, config, clock or Clock())
        self.core.step = self.step
        self.source = source
        self.hub = self.core.hub
        self.roster = roster
        self.kill_file = killfile.path_of(var_dir, source)
        self.restored = False
        self._preparing = False
        self._prepare_next = self._prepare_wait = self._check_next = 0.0
        self._reconciled_at = float("-inf")
        self._obeying = self._clock_off = False
        self._kept_why = ""

    # -- decisions

    def step(self, desk: Desk) -> None:
        """Let closing, protecting and entering do what is due for a desk; an error in one is an alarm.

        Closing comes once more for what protecting has just asked for.
        """
        for part in (gate.settle, closing.step, protecting.step, closing.step, entering.step):
            try:
                part(self.core, desk)
            except Exception:
                self.core.alarm("%s/%s: a step failed", *desk.key)
                log.exception("step")

    def on_event(self, event: Event) -> None:
        """Take one event of the gateway, in the venue's order; what fails is read again."""
        try:
            self._take(event)
        except Exception:
            self.core.alarm("an event failed: %r", event)
            log.exception("event")
            self.core.wants_reconcile.set()

    def _take(self, event: Event) -> None:
        core = self.core
        core.heard = core.now()
        match event:
            case Prices():
                self._on_prices(event)
            case Fill():
                bookkeeping.book_fill(core, event)
            case Funding():
                bookkeeping.book_funding(core, event)
            case OrderState():
                self._on_order(event)
            case AccountRead():
                reconcile.take_account(core, event)
            case Candle():
                asking.hear_candle(core, event)
            case Connected():
                core.connected, core.reconciled, core.why = True, False, "reconciling"
                core.connections += 1
                core.account_read_since_connect, core.asks = False, True
                for state in core.markets.values():
                    state.read_since_connect = state.history_read = False
                self._prepare_next = self._prepare_wait = self._check_next = 0.0
                for desk in core.desks.values():
                    desk.close_next = 0.0
                self._prepare_when_due()
            case Disconnected():
                core.connected, core.reconciled, core.why = False, False, f"venue disconnected: {event.why}"
                core.hub.publish("account")

    def _on_prices(self, event: Prices) -> None:
        state = self.core.markets.get(event.symbol)
        if state is None:
            return
        state.take(event, self.core.now())
        for desk in self.core.on_symbol(event.symbol):
            if desk.ledger.lots:
                tripping.check(self.core, desk)
            self.step(desk)
            self.core.publish(desk)

    def _on_order(self, event: OrderState) -> None:
        said = unpack(event.client_id, self.core.gateway.client_id_bits)
        desk = self.core.by_number.get(said.strategy) if said else None
        order = desk.orders.get(event.client_id or 0) if desk else None
        if desk is None or order is None:
            return
        order.order_id = event.order_id
        order.learn(event.status, event.filled, event.said, self.core.now())
        if not order.live:
            self.core.spawn(self.core.store.update_order(order))
        self.step(desk)

    # -- life

    async def run(self) -> None:
        """Restore, connect, and tick for ever."""
        core = self.core
        await restoring.restore(core, self.roster)
        self.restored = True
        await self._obey_kill_file()
        await core.gateway.start(self.on_event, sorted(core.markets), partial(closing.is_under_way, core))
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            self.tick(ticks)

    def tick(self, ticks: int) -> None:
        """Do what is due by time alone."""
        core = self.core
        for desk in list(core.desks.values()):
            self.step(desk)
        self._prepare_when_due()
        asking.step(core)
        if ticks % 2 == 0:
            rows.tell_changed(core)
            if not self._obeying:
                core.spawn(self._obey_kill_file())
        if ticks % 4 == 0:
            for desk in core.desks.values():
                tripping.save_marks(core, desk)
                desk.forget_settled()
            core.hub.publish("account")
            if restoring.drop_finished(core):
                core.hub.publish("strategies")
            self._watch_clock()
        if ticks % 240 == 1 and core.account is not None:
            core.curve.append((core.clock.iso(), core.account.equity))

    def _watch_clock(self) -> None:
        """Alarm once where the wall clock leaves the venue's; the gate looks for itself."""
        off = self.core.connected and gate.clock_off(self.core)
        if off and not self._clock_off:
            self.core.alarm("%s by %s ms: nothing opens", gate.CLOCK_OFF, self.core.gateway.skew_ms())
        self._clock_off = off

    def _prepare_when_due(self) -> None:
        core = self.core
        now = core.now()
        due = not core.reconciled or core.wants_reconcile.is_set()
        due = due or now - self._reconciled_at > RECONCILE_EVERY_S
        due = due or (bool(core.problems) and now >= self._check_next)
        if core.connected and due and not self._preparing and now >= self._prepare_next:
            self._preparing = True
            self._prepare_wait = min(max(self._prepare_wait * 2, AGAIN_FIRST_S), AGAIN_MOST_S)
            self._prepare_next = now + self._prepare_wait
            core.wants_reconcile.clear()
            core.spawn(self._prepare())

    async def _prepare(self) -> None:
        """Read markets, check the venue, reconcile; what speaks against trading closes for opening only."""
        core = self.core
        connection, is_start = core.connections, not core.reconciled
        try:
            await reconcile.read_prices(core)
            if is_start:
                await self._read_start()
            await asking.prepare(core)
            if core.since_ms is None:
                await self._check_when_due(is_start)
            try:
                await reconcile.run(core)
            finally:
                await self._check_when_due(is_start)
            for desk in core.desks.values():
                tripping.check(core, desk)  # a kill that no disk remembers is derived again (I1, I16)
            if core.connected and connection == core.connections:
                core.reconciled = True
                self._reconciled_at = core.now()
                core.why = ""
                if not core.wants_reconcile.is_set():
                    self._prepare_wait = 0.0
                asking.ask_at_start(core)
        except ProductError as error:
            core.why = error.detail
            core.wants_reconcile.set()
            log.warning("not reconciled: %s", error.detail)
        except NotStored as error:
            core.why = f"the disk refuses: {error}"
            core.alarm("not reconciled: %s", core.why)
        finally:
            self._preparing = False
            core.hub.publish("account")
        for desk in list(core.desks.values()):
            self.step(desk)
            core.publish(desk)

    async def _read_start(self) -> None:
        """Read the rules, and close and protect by them at once."""
        core = self.core
        await reconcile.read_markets(core)
        await restoring.learn_decimals(core)
        for desk in list(core.desks.values()):
            self.step(desk)  # these wait for nothing more

    async def _check_when_due(self, is_start: bool) -> None:
        """Hear what speaks against trading; a trader that has no past yet begins none with that."""
        core = self.core
        if not (is_start or core.problems) or core.now() < self._check_next:
            return
        core.problems = await reconcile.check_venue(core)
        self._check_next = core.now() + AGAIN_MOST_S
        if core.problems and core.since_ms is None:
            self._prepare_next = self._check_next
            raise ProductError("; ".join(core.problems))

    async def _obey_kill_file(self) -> None:
        """Kill what the file names, all at once; it is cleared only when the disk has every kill."""
        self._obeying = True
        try:
            orders = killfile.read(self.kill_file)
            if orders is None:
                return
            named = [
                desk for desk in self.core.desks.values() if orders.everything or desk.key in orders.keys
            ]
            kills = [commands.kill(self.core, desk, None, "kill file", orders.cause) for desk in named]
            # No kill waits for the disk of another.
            for outcome in await asyncio.gather(*kills, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
            for key in set(orders.keys) - set(self.core.desks):
                log.error("the kill file names %s/%s, which does not run here", *key)
            killfile.clear(self.kill_file, orders)
            self._kept_why = ""
        except (ProductError, OSError) as error:
            if str(error) != self._kept_why:  # it is tried twice a second
                self._kept_why = str(error)
                log.warning("kill file kept: %s", error)
        finally:
            self._obeying = False

    async def stop(self) -> None:
        """End the stream and what is under way; what was asked of the disk is written."""
        self.say_what_stays()
        await self.core.gateway.stop()
        self.core.end()
        self.core.store.close()

    def say_what_stays(self) -> None:
        """Log how many trades a trader that ends leaves open."""
        count = sum(bool(desk.ledger.lots) for desk in self.core.desks.values())
        if count:
            stay = "trade stays" if count == 1 else "trades stay"
            log.warning("%s %s open; only their stops at the venue protect them", count, stay)

    # -- what the faces ask

    def _desk(self, key: StrategyKey) -> Desk:
        desk = self.core.desks.get(key)
        if desk is None:
            raise NotFound(f"There is no strategy {key.strategy_id} on {key.symbol} at this trader.")
        return desk

    def rows(self) -> list[StrategyState]:
        """Give every strategy's row."""
        return [rows.row(self.core, desk) for desk in self.core.desks.values()]

    def row(self, key: StrategyKey) -> StrategyState:
        """Give one row; NotFound."""
        return rows.row(self.core, self._desk(key))

    def account(self) -> Account:
        """Give the account as the trader sees it."""
        return rows.account(self.core)

    def positions(self) -> list[dict[str, Any]]:
        """Give the open trades."""
        return rows.positions(self.core)

    def orders(self) -> list[dict[str, Any]]:
        """Give the orders that may still fill."""
        return rows.orders(self.core)

    def trades(self, count: int = 50) -> list[Trade]:
        """Give the last closed trades, newest first."""
        return list(self.core.trades)[::-1][:count]

    def equity(self) -> list[dict[str, Any]]:
        """Give equity by the minute since the start, at most a day."""
        return [{"at": at, "equity": equity} for at, equity in self.core.curve]

    async def apply_settings(
        self, key: StrategyKey, changes: dict[str, Decimal], revision: int | None
    ) -> StrategyState:
        """Change settings of one strategy (commands.py)."""
        return (await self.apply_settings_list([(key, changes, revision)]))[0]

    async def apply_settings_list(self, items: list[commands.Item]) -> list[StrategyState]:
        """Change settings of several, all or nothing."""
        for key, _, _ in items:
            self._desk(key)
        return await commands.apply_settings(self.core, items)

    async def enable(self, key: StrategyKey, revision: int | None) -> StrategyState:
        """Let a strategy open trades; Conflict `killed`."""
        return await commands.set_enabled(self.core, self._desk(key), True, revision)

    async def disable(self, key: StrategyKey, revision: int | None) -> StrategyState:
        """Stop a strategy from opening; its open trade keeps its stop."""
        return await commands.set_enabled(self.core, self._desk(key), False, revision)

    async def reset(self, key: StrategyKey, epoch: int | None, force: bool = False) -> StrategyState:
        """Clear a kill; Conflict `not_killed`, `epoch`, `not_flat`."""
        return await commands.reset(self.core, self._desk(key), epoch, force)

    async def kill(
        self, key: StrategyKey, flatten: bool | None = None, reason: str = "", cause: str = "operator"
    ) -> StrategyState:
        """Kill; `not_durable` where it is in force but not on disk."""
        return await commands.kill(self.core, self._desk(key), flatten, reason, cause)

    async def close(self, key: StrategyKey) -> StrategyState:
        """Close the open trade."""
        return await commands.close(self.core, self._desk(key))

    def metrics(self) -> dict[str, float]:
        """Give counts for /metrics."""
        return rows.metrics(self.core)


def build(source: str, gateway: Gateway) -> Engine:
    """Give the engine of this process from its settings."""
    from django.conf import settings

    config = Config(
        kill_on="drawdown" if settings.KILL_ON == "drawdown" else "loss",
        on_kill=settings.ON_KILL,
        max_risk_per_trade=settings.MAX_RISK_PER_TRADE,
        slip=settings.STOP_SLIPPAGE_PERCENT / 100,
    )
    roster = load(Path(settings.TRADER_STRATEGIES))
    return Engine(source, gateway, Store(), roster, config, Path(settings.VAR_DIR))
