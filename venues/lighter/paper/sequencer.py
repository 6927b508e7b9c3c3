"""From acceptance to execution: who signed, nonces, the durable queue, expiry (sections 4 and 9)."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from venues.lighter.paper import fields
from venues.lighter.paper.actions import ACTIONS, attributes, clients_of
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.limits import Limits
from venues.lighter.paper.markets import NAME
from venues.lighter.paper.signing import check_signature
from venues.paper.accounts import Account, Key
from venues.paper.exchange import Exchange
from venues.paper.matching import finish

Record = dict[str, Any]
MOST_IN_BATCH = 50
MOST_QUEUED = 500
CREATES, LEVERAGE = {14, 28}, 20


def record_name(tx_hash: str) -> str:
    """Give the name under which a transaction is kept."""
    return f"{NAME}:tx:{tx_hash}"


class Sequencer:
    """Takes transactions in and carries them out in their order, each after its delay."""

    def __init__(self, exchange: Exchange, limits: Limits) -> None:
        self.x = exchange
        self.limits = limits
        kept = exchange.records.items()
        waiting = [one for name, one in kept if name.startswith(record_name("")) and not one["executed_ms"]]
        self.queue: deque[Record] = deque(sorted(waiting, key=lambda one: one["number"]))

    # ── acceptance ──────────────────────────────────────────────────────────────

    def accept(self, sent: Sequence[tuple[Any, Any]]) -> list[str]:
        """Take (type, info as JSON text) of one transaction or a batch; gives their hashes.

        All or none: raises Refusal, and then no nonce is used. What was taken is on disk.
        """
        if not sent:
            raise Refusal(fields.BAD_INFO)
        if len(sent) > MOST_IN_BATCH:
            raise Refusal(21514)
        infos = [fields.mapping(fields.parsed(text)) for _, text in sent]
        account, key = self._signer(infos)
        self.limits.take(self.limits.transactions, account.name, len(sent))
        leverages = sum(kind == LEVERAGE for kind, _ in sent)
        self.limits.take(self.limits.leverages, account.name, leverages)
        self._check_nonces(key, infos)
        self._check_contents(account, [kind for kind, _ in sent], infos)
        key.nonces = [infos[-1]["Nonce"]]
        self.x.touch(account)
        hashes = [self._enqueue(account, *one, info) for one, info in zip(sent, infos, strict=True)]
        if "delay" in self.x.without:
            self._carry_out()
        self.x.commit()
        self._wake_for_last()
        return hashes

    def _signer(self, infos: Sequence[Mapping[str, Any]]) -> tuple[Account, Key]:
        """Give the account and key that all transactions are of; raises Refusal."""
        first = infos[0]
        for info in infos:
            same = all(info.get(name) == first.get(name) for name in ("AccountIndex", "ApiKeyIndex"))
            if not same:
                raise Refusal(21121)
            if fields.whole(info, "ExpiredAt") <= self.x.now_ms():
                raise Refusal(fields.BAD_INFO, "ExpiredAt has passed")
        account = self.x.accounts.get((NAME, str(fields.whole(first, "AccountIndex"))))
        if account is None:
            raise Refusal(21100)
        key = account.keys.get(str(fields.whole(first, "ApiKeyIndex")))
        if key is None:
            raise Refusal(21109)
        for info in infos:
            check_signature(info.get("Sig"))
        return account, key

    def _check_nonces(self, key: Key, infos: Sequence[Mapping[str, Any]]) -> None:
        """Hold nonces to the last one + 1, or above it where the transaction says that it skips."""
        last = key.nonces[-1]
        for number, info in enumerate(infos):
            nonce = fields.whole(info, "Nonce", 2**48)
            skips = attributes(info).get("4") == 1
            if nonce != last + 1 and not (skips and nonce > last):
                raise Refusal(21105 if number else 21104, "" if number else f"expected {last + 1}")
            last = nonce

    def _check_contents(
        self, account: Account, kinds: Sequence[Any], infos: Sequence[Mapping[str, Any]]
    ) -> None:
        waiting = [one for one in self.queue if one["account"] == account.name]
        if len(waiting) + len(infos) > MOST_QUEUED:
            raise Refusal(21506)
        queued = {client for one in waiting for client in _clients(one["type"], fields.parsed(one["info"]))}
        for kind, info in zip(kinds, infos, strict=True):
            if isinstance(kind, bool) or kind not in ACTIONS:
                raise Refusal(21505, str(kind)[:20])
            ACTIONS[kind].check(self.x, account, info, frozenset(queued))
            queued.update(_clients(kind, info))

    def _enqueue(self, account: Account, kind: int, text: str, info: Mapping[str, Any]) -> str:
        now = self.x.now_ms()
        delay = 0 if "delay" in self.x.without else ACTIONS[kind].delay_ms(self.x, info)
        before = max((one["due_ms"] for one in self.queue if one["account"] == account.name), default=0)
        number = self.x.number("record")
        tx_hash = hashlib.blake2b(f"{number}:{text}".encode(), digest_size=40).hexdigest()
        record = {
            "number": number,
            "hash": tx_hash,
            "type": kind,
            "info": text,
            "account": account.name,
            "key": info["ApiKeyIndex"],
            "nonce": info["Nonce"],
            "expires_ms": info["ExpiredAt"],
            "queued_ms": now,
            "due_ms": max(before, now + delay // max(self.x.speed, 1)),
            "executed_ms": 0,
            "error": "",
        }
        self.x.keep(record_name(tx_hash), record)
        self.queue.append(record)
        return tx_hash

    # ── execution ───────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Carry out what is due, and end what has expired; on disk and told when this returns."""
        done = self._carry_out()
        if self._expire() or done:
            self.x.commit()

    def _carry_out(self) -> bool:
        now, done = self.x.now_ms(), False
        waiting: deque[Record] = deque()
        while self.queue:
            record = self.queue.popleft()
            if record["due_ms"] > now:
                waiting.append(record)
                continue
            self._execute(record)
            done = True
        self.queue = waiting
        return done

    def _execute(self, record: Record) -> None:
        account, info = self.x.accounts[NAME, record["account"]], fields.parsed(record["info"])
        try:
            why = ACTIONS[record["type"]].execute(self.x, account, info, record["queued_ms"])
        except Refusal as refusal:
            why = str(refusal)
        record["executed_ms"], record["error"] = self.x.now_ms(), why
        self.x.keep(record_name(record["hash"]), record)

    def _expire(self) -> bool:
        """End orders whose time has passed."""
        now = self.x.now_ms()
        over = [
            order
            for orders in self.x.open.values()
            for order in orders.values()
            if order.venue == NAME and 0 < order.details["expiry_ms"] <= now
        ]
        for order in over:
            if not order.is_final:
                finish(self.x, order, "canceled", "expired")
        return bool(over)

    def _wake_for_last(self) -> None:
        """Have the loop run when the latest transaction is due, not at its next tick."""
        if self.queue:
            wait_s = max(0, self.queue[-1]["due_ms"] - self.x.now_ms()) / 1000
            asyncio.get_running_loop().call_later(wait_s + 0.001, self.run)


def _clients(kind: int, info: Mapping[str, Any]) -> list[str]:
    return clients_of(info) if kind in CREATES else []
