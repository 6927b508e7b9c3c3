"""The exchange's memory on disk: one durable transaction per batch, and everything back at a start.

It has its own SQLite connection: the engine lives on the event loop, where Django's must not be used.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from venues.paper.accounts import account_from_json
from venues.paper.candles import MINUTE_MS, MOST, Candle
from venues.paper.exchange import CLOSED_ORDERS, RECORDS, REMEMBERED, Batch, Exchange, Rate
from venues.paper.orders import Fill, Order, Payment

PRUNE_EVERY_MS = 60 * MINUTE_MS


class Store:
    """Keeps an exchange in a SQLite file whose tables exist (`migrate`)."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def save(self, batch: Batch, counters: Mapping[str, Any]) -> None:
        """Write everything that changed, and the clock, in one transaction."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in _writes(batch, counters):
                if rows:
                    self.connection.executemany(statement, rows)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def load(self, x: Exchange) -> bool:
        """Fill an exchange with what is kept; False where there is nothing yet."""
        counters = self._states("SELECT state FROM paper_counters")
        kept = next(counters, None)
        if kept is None:
            return False
        x.second, x.part = kept.pop("second"), kept.pop("part")
        x.numbers.update(kept)
        for account in map(account_from_json, self._states("SELECT state FROM paper_accountrow")):
            x.accounts[account.venue, account.name] = account
            self._load_account(x, account.venue, account.name)
        for symbol, market in x.markets.items():
            rows = self._states(
                "SELECT state FROM paper_candlerow WHERE symbol = ? ORDER BY open_ms DESC LIMIT ?",
                symbol,
                MOST,
            )
            market.candles.extend(Candle(**row) for row in reversed(list(rows)))
            for state in self._states("SELECT state FROM paper_marketrow WHERE symbol = ?", symbol):
                market.restore(state)
            rates = self._states(
                "SELECT state FROM paper_raterow WHERE symbol = ? ORDER BY at_ms DESC LIMIT 500", symbol
            )
            x.rates[symbol].extend(Rate(**row) for row in reversed(list(rates)))
        x.records.update(self._load_records())
        return True

    def _load_records(self) -> dict[str, Any]:
        rows = self.connection.execute(
            "SELECT name, state FROM paper_recordrow ORDER BY rowid DESC LIMIT ?", (RECORDS,)
        )
        return {name: json.loads(state) for name, state in reversed(list(rows))}

    def _load_account(self, x: Exchange, venue: str, name: str) -> None:
        key = f"{venue}:{name}"
        ending = "WHERE account = ? {} ORDER BY {} DESC LIMIT ?"
        orders = "SELECT state FROM paper_orderrow " + ending  # constants of ours alone  # nosec B608
        for final, most in ((1, CLOSED_ORDERS), (0, REMEMBERED)):
            found = self._states(orders.format(f"AND is_final = {final}", "oid"), key, most)
            for state in reversed(list(found)):
                x.index(Order(**state))
        filled = "SELECT state FROM paper_fillrow " + ending.format("", "tid")  # nosec B608
        fills = self._states(filled, key, REMEMBERED)
        x.fills[venue, name].extend(Fill(**state) for state in reversed(list(fills)))
        payments = "SELECT state FROM paper_paymentrow " + ending.format("", "number")  # nosec B608
        paid = self._states(payments, key, REMEMBERED)
        x.payments[venue, name].extend(Payment(**state) for state in reversed(list(paid)))

    def _states(self, statement: str, *values: Any) -> Iterator[dict[str, Any]]:
        for (state,) in self.connection.execute(statement, values):
            yield json.loads(state)


def _writes(batch: Batch, counters: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Give every statement with its rows."""
    yield _put("counters", "name, state"), [("exchange", json.dumps(dict(counters)))]
    yield (
        _put("marketrow", "symbol, state"),
        [(symbol, json.dumps(market.to_json())) for symbol, market in batch.markets.items()],
    )
    yield (
        _put("accountrow", "name, state"),
        [(f"{venue}:{name}", json.dumps(one.to_json())) for (venue, name), one in batch.accounts.items()],
    )
    yield (
        _put("orderrow", "oid, account, is_final, state"),
        [
            (one.oid, f"{one.venue}:{one.account}", one.is_final, json.dumps(one.to_json()))
            for one in batch.orders.values()
        ],
    )
    yield (
        _put("fillrow", "tid, account, state"),
        [(one.tid, f"{one.venue}:{one.account}", json.dumps(one.to_json())) for one in batch.fills],
    )
    yield (
        _put("paymentrow", "number, account, state"),
        [(one.number, f"{one.venue}:{one.account}", json.dumps(one.to_json())) for one in batch.payments],
    )
    yield (
        _put("candlerow", "name, symbol, open_ms, state"),
        [
            (f"{symbol}:{one.open_ms}", symbol, one.open_ms, json.dumps(one.to_json()))
            for symbol, one in batch.candles
        ],
    )
    yield (
        _put("raterow", "symbol, at_ms, state"),
        [(one.symbol, one.at_ms, json.dumps(asdict(one))) for one in batch.rates],
    )
    yield (
        _put("recordrow", "name, state"),
        [(name, json.dumps(state)) for name, state in batch.records.items()],
    )
    yield "DELETE FROM paper_candlerow WHERE symbol = ? AND open_ms < ?", list(_outdated(batch))


def _outdated(batch: Batch) -> Iterator[tuple[str, int]]:
    """Give (symbol, time) for candles to forget, once an hour of market time."""
    for symbol, candle in batch.candles:
        if candle.open_ms % PRUNE_EVERY_MS == 0:
            yield symbol, candle.open_ms - MOST * MINUTE_MS


def _put(table: str, columns: str) -> str:
    marks = ", ".join("?" for _ in columns.split(","))
    return f"INSERT OR REPLACE INTO paper_{table} ({columns}) VALUES ({marks})"
