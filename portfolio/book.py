"""The one writer of what is reported: kept live in memory, written behind to the database.

Kills, resets and acknowledged settings are stored at once, the rest about once a second.
Readers are told through `hub`, which carries the keys "row:<number>" and "source:<source>".
"""

import threading
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from portfolio.memory import Link, Report, is_news, is_urgent, merged, money, open_pnl, report_of, whole
from portfolio.models import ClosedTrade, EquityPoint, Strategy, Trader, Transition
from venues.contract.listing import Unread
from venues.contract.messages import Killed
from venues.contract.names import RowKey, StrategyKey
from venues.contract.states import Account, StrategyState, Trade
from venues.serving.hub import Hub

STORE_EVERY_S = 10.0

hub = Hub()
_lock = threading.RLock()
_store_lock = threading.Lock()
_reports: dict[RowKey, Report] = {}
_by_number: dict[int, Report] = {}
_links: dict[str, Link] = {}
_transitions: dict[str, list[Transition]] = {}
_trades: dict[str, dict[str, Trade]] = {}
_version = time.time_ns()


def version() -> int:
    """Give a number that rises with any change, a trader's silence included, across restarts too."""
    for source in list(_links):
        show_status(source)
    return _version


def _publish(key: str) -> None:
    global _version  # noqa: PLW0603  # one counter for the process, guarded by the lock
    with _lock:
        _version += 1
    hub.publish(key)


def changed(number: int) -> None:
    """Tell the readers that the row with this number has changed."""
    _publish(f"row:{number}")


def forget() -> None:
    """Drop the live copy: it fills again from the database and the traders."""
    with _lock:
        for kept in (_reports, _by_number, _links, _transitions, _trades):
            kept.clear()


def report(strategy: Strategy) -> Report:
    """Give what is known of a stored strategy (with its trader): the live copy, else what is stored."""
    return reports([strategy.pk])[strategy.pk]


def reports(numbers: Collection[int]) -> dict[int, Report]:
    """Give {number: report} of stored strategies; one query for all that the live copy does not hold."""
    with _lock:
        found = {number: _by_number[number] for number in numbers if number in _by_number}
    missing = [number for number in numbers if number not in found]
    if missing:
        for strategy in Strategy.objects.select_related("trader").filter(pk__in=missing):
            found[strategy.pk] = report_of(strategy)
    return found


def link(source: str) -> Link:
    """Give what is known of a trader's link."""
    with _lock:
        return _links.setdefault(source, Link())


def unknown(source: str, states: Iterable[StrategyState]) -> list[StrategyState]:
    """Give the states of strategies that the live copy does not hold."""
    with _lock:
        return [one for one in states if RowKey(source, one.strategy_id, one.symbol) not in _reports]


def introduce(trader: Trader, states: Iterable[StrategyState]) -> list[Strategy]:
    """Give the stored strategies of these states, made where the trader reports them first."""
    found = []
    for state in states:
        strategy, _ = Strategy.objects.get_or_create(
            trader=trader,
            strategy_id=state.strategy_id,
            symbol=state.symbol,
            defaults=_columns(state) | {"reported_at": timezone.now()},
        )
        found.append(strategy)
    return found


def admit(strategies: Iterable[Strategy]) -> None:
    """Put stored strategies into the live copy, once they are committed."""
    with _lock:
        for strategy in strategies:
            held = _reports.get(strategy.key)
            if held is None or held.number != strategy.pk:
                _reports[strategy.key] = _by_number[strategy.pk] = report_of(strategy)
    for strategy in strategies:
        changed(strategy.pk)


def record(
    source: str,
    states: Iterable[StrategyState],
    complete: bool = False,
    begun: float | None = None,
    unread: Sequence[Unread] = (),
) -> bool:
    """Take what a trader reports; gives whether it must be flushed at once.

    `complete` means that these and the `unread` are all its strategies. `begun` is the monotonic
    moment at which a read began: what was heard since is newer than it. Strategies that the live
    copy does not hold are left out (see `unknown`).
    """
    urgent = False
    news: list[int] = []
    seen: set[RowKey] = set()
    moment, now = time.monotonic(), timezone.now()
    said = {one.key: one.said for one in unread if one.key is not None}
    with _lock:
        for state in states:
            key = RowKey(source, state.strategy_id, state.symbol)
            seen.add(key)
            held = _reports.get(key)
            if held is None or (begun is not None and held.heard > begun):
                continue
            if _take(held, state, complete, moment, now):
                news.append(held.number)
            urgent = urgent or held.dirty
        for key, held in _reports.items():
            if not complete or key.source != source or key in seen:
                continue
            why = said.get(StrategyKey(key.strategy_id, key.symbol), "")
            if held.present or held.unread != why:
                held.present, held.dirty, held.unread = False, True, why
                urgent = True
                news.append(held.number)
    for number in news:
        changed(number)
    if complete and link(source).unread != tuple(unread):
        link(source).unread = tuple(unread)
        _publish(f"source:{source}")
    return urgent


def with_kill(source: str, killed: Killed) -> list[StrategyState]:
    """Give the live row with the kill that was just told of it; none where the row is not known."""
    with _lock:
        held = _reports.get(RowKey(source, killed.strategy_id, killed.symbol))
    if held is None or killed.kill.epoch < held.state.epoch:
        return []
    return [replace(held.state, is_killed=True, kill=killed.kill, epoch=killed.kill.epoch)]


def _take(held: Report, state: StrategyState, complete: bool, moment: float, now: datetime) -> bool:
    before = held.state
    held.state, held.forgotten = merged(held, state, complete)
    came_back = not held.present
    held.heard, held.at, held.present, held.unread = moment, now, True, ""
    if before.status != held.state.status:
        _transitions.setdefault(held.key.source, []).append(_transition(held, before, now))
    held.dirty = held.dirty or came_back or is_urgent(before, held.state)
    return came_back or is_news(before, held.state)


def _transition(held: Report, before: StrategyState, now: datetime) -> Transition:
    kill = held.state.kill if held.state.is_killed else None
    return Transition(
        strategy_id=held.number,
        at=now,
        before=before.status,
        after=held.state.status,
        epoch=held.state.epoch,
        cause=kill.cause[:32] if kill else "",
        total_pnl=money(held.state.total_pnl),
    )


def registered(source: str) -> None:
    """Tell the readers that the registry's entry of a trader has changed."""
    _publish(f"source:{source}")


def record_account(source: str, account: Account) -> None:
    """Take what a trader reports of its account."""
    held = link(source)
    if held.account != account:
        held.account = account
        _publish(f"source:{source}")


def record_trades(source: str, trades: Iterable[Trade]) -> None:
    """Take closed trades; each is stored once."""
    with _lock:
        _trades.setdefault(source, {}).update({one.trade_id: one for one in trades})


def heard(source: str) -> None:
    """Take note that the trader has just said something."""
    held = link(source)
    held.heard, held.heard_at = time.monotonic(), timezone.now()
    held.refused, held.error = False, None
    show_status(source)


def failed(source: str, error: str, refused: bool = False) -> None:
    """Take note that the trader could not be reached or believed; `refused`: nobody listens there."""
    held = link(source)
    news = held.error != error or held.refused != refused
    held.error, held.refused = error, refused
    show_status(source, news)


def show_status(source: str, news: bool = False) -> None:
    """Tell the readers when the trader's status is another than when they were last told."""
    held = link(source)
    status = held.status()
    if news or status != held.shown:
        held.shown = status
        _publish(f"source:{source}")


def keep(strategy: Strategy) -> None:
    """Store one strategy's report in the caller's transaction, with what it acknowledges."""
    held = report(strategy)
    Strategy.objects.filter(pk=strategy.pk).update(**_columns(held.state), reported_at=held.at)


def flush(source: str, everything: bool = False) -> None:
    """Store what was reported since: the urgent, or everything heard; raises DatabaseError.

    What could not be stored is kept for the next time.
    """
    with _store_lock:
        with _lock:
            waiting = [one for one in _reports.values() if one.key.source == source]
            due = [one for one in waiting if one.dirty or (everything and one.heard > link(source).stored_at)]
            rows = [(one, one.state, one.at, one.present) for one in due]
            for one in due:
                one.dirty = False
            transitions = _transitions.pop(source, [])
            trades = _trades.pop(source, {})
        try:
            _store(source, rows, transitions, trades)
        except BaseException:
            with _lock:
                for one in due:
                    one.dirty = True
                _transitions[source] = transitions + _transitions.get(source, [])
                _trades[source] = trades | _trades.get(source, {})
            raise


def _store(
    source: str,
    rows: list[tuple[Report, StrategyState, datetime, bool]],
    transitions: list[Transition],
    trades: dict[str, Trade],
) -> None:
    held = link(source)
    began = time.monotonic()
    minute = held.heard_at.strftime("%Y-%m-%d %H:%M") if held.heard_at else ""
    point = held.account is not None and held.account.equity is not None and minute != held.minute
    old = held.heard_at is not None and began - held.stored_at > STORE_EVERY_S
    if not (rows or transitions or trades or point or old):
        return
    with transaction.atomic():
        for one, state, at, present in rows:
            Strategy.objects.filter(pk=one.number).update(**_columns(state), reported_at=at, present=present)
        Transition.objects.bulk_create(transitions)
        trader = Trader.objects.get(source=source)
        Trader.objects.filter(pk=trader.pk).update(heard_at=held.heard_at)
        ClosedTrade.objects.bulk_create(
            (_closed(trader, one) for one in trades.values()), ignore_conflicts=True
        )
        if point:
            _store_equity(trader, held)
    held.stored_at, held.minute = began, minute


def _columns(state: StrategyState) -> dict[str, Any]:
    return {
        "is_killed": state.is_killed,
        "epoch": min(state.epoch, 2**62),
        "total_pnl": money(state.total_pnl),
        "report": state.to_json(),
    }


def _closed(trader: Trader, trade: Trade) -> ClosedTrade:
    return ClosedTrade(
        trader=trader,
        trade_id=trade.trade_id[:100],
        strategy_id=trade.strategy_id[:64],
        symbol=trade.symbol[:32],
        closed_at=trade.closed_at[:40],
        pnl=money(trade.pnl) or Decimal(0),
        report=trade.to_json(),
    )


def _store_equity(trader: Trader, held: Link) -> None:
    account = held.account
    equity = money(account.equity) if account else None
    if account is not None and equity is not None and held.heard_at is not None:
        EquityPoint.objects.create(
            trader=trader, at=held.heard_at, equity=equity, margin_used=money(account.margin_used)
        )


def summary() -> dict[str, Any]:
    """Give equity, open PnL, margin used and counts, of every trader and in total (USD).

    What is not known is null; the total adds up what is known and names in `unknown` the
    traders of which it lacks a number.
    """
    held = reports(list(Strategy.objects.values_list("pk", flat=True))).values()
    sources = [
        _sum_of(trader.source, [one for one in held if one.key.source == trader.source])
        for trader in Trader.objects.all()
    ]
    numbers = ("equity", "open_pnl", "margin_used")
    total: dict[str, Any] = {
        name: sum(known, Decimal(0))
        if (known := [one[name] for one in sources if one[name] is not None])
        else None
        for name in numbers
    }
    total |= {name: sum(one[name] for one in sources) for name in ("strategies", "killed")}
    total["unknown"] = [one["source"] for one in sources if any(one[name] is None for name in numbers)]
    return {"as_of": timezone.now().isoformat().replace("+00:00", "Z"), "total": total, "sources": sources}


def _sum_of(source: str, reports: list[Report]) -> dict[str, Any]:
    held = link(source)
    account = held.account or Account()
    states = [one.state for one in reports]
    pnls = [None if one.unread else open_pnl(one.state) for one in reports]
    told = held.account is not None or bool(states)
    return {
        "source": source,
        "status": held.status(),
        "network": held.account.network if held.account else None,
        "equity": account.equity,
        "open_pnl": whole(pnls) if told and not held.unread else None,
        "margin_used": account.margin_used,
        "strategies": len(states),
        "killed": sum(one.is_killed for one in states),
    }
