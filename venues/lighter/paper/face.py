"""The face: its routes, its socket, and its part of POST /paper/accounts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from venues.contract.errors import invalid
from venues.lighter.paper import fields, reads
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.limits import Limits
from venues.lighter.paper.markets import NAME
from venues.lighter.paper.sequencer import Sequencer
from venues.lighter.paper.signing import PUBLIC_KEY, read_token
from venues.lighter.paper.stream import Stream
from venues.paper.accounts import Account, Key
from venues.paper.exchange import Exchange
from venues.serving.errors import View, answers_errors, json_answer

HIGHEST_INDEX = 2**47
LOWEST_KEY, HIGHEST_KEY = 0, 254
EXECUTION_MS = 300


class LighterFace:
    """One exchange as Lighter shows it."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.limits = Limits("rate_limits" not in exchange.without)
        self.sequencer = Sequencer(exchange, self.limits)
        self.stream = Stream(exchange, self.limits, self.sequencer)
        exchange.listeners.append(self.stream.tell)
        self.urlpatterns = [
            path("", self._reading(reads.status, bare=True)),
            path("info", self._reading(reads.info, bare=True)),
            path("api/v1/sendTx", self._sending(self._send)),
            path("api/v1/sendTxBatch", self._sending(self._send_batch)),
            *(path(f"api/v1/{name}", self._reading(read)) for name, read in reads.READS.items()),
        ]
        self.account_fields = frozenset({"account_index", "api_keys"})
        self.sockets = {"/stream": self.stream.serve}

    # ── requests ────────────────────────────────────────────────────────────────

    def _reading(self, read: reads.Read, bare: bool = False) -> View:
        """Give the view of a GET; all but the bare ones carry `code`."""

        def answer(request: HttpRequest) -> Mapping[str, Any]:
            query = fields.Query(request.GET.dict())
            auth = request.headers.get("Authorization")
            self.limits.take(self.limits.requests, self._asker(request, auth))
            found = read(self.exchange, query, auth)
            return found if bare else {"code": 200, **found}

        return _view("GET", answer)

    def _asker(self, request: HttpRequest, auth: str | None) -> str:
        """Give whose minute a request counts in: the account's that it names, else the address's."""
        if auth:
            try:
                return read_token(self.exchange, auth).account
            except Refusal:
                pass  # a bad token is refused by the read that needs one
        named = request.GET.get("account_index") or request.GET.get("value") or ""
        known = (NAME, named) in self.exchange.accounts
        return named if known else f"address {request.META.get('REMOTE_ADDR')}"

    def _sending(self, send: Callable[[Mapping[str, str]], Mapping[str, Any]]) -> View:
        # request.POST reads urlencoded and multipart alike
        return _view("POST", lambda request: send(request.POST.dict()))

    def _send(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        kind = fields.Query(form).whole("tx_type", high=255)
        (tx_hash,) = self.sequencer.accept([(kind, form.get("tx_info"))])
        return accepted(tx_hash)

    def _send_batch(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        kinds, infos = (fields.parsed(form.get(name)) for name in ("tx_types", "tx_infos"))
        return accepted(self.sequencer.accept(paired(kinds, infos)))

    # ── the exchange's own ──────────────────────────────────────────────────────

    def open_account(self, body: Mapping[str, Any]) -> tuple[Account, bool]:
        """Give (account, made just so) for `account_index` and `api_keys`; raises Refused with its field."""
        index, keys = body.get("account_index"), body.get("api_keys", {})
        if isinstance(index, bool) or not isinstance(index, int) or not 0 < index < HIGHEST_INDEX:
            raise invalid({"account_index": ["Must be a whole number above 0."]})
        named = _keys(keys)
        account = self.exchange.accounts.get((NAME, str(index)))
        made = account is None
        if account is None:
            account = Account(NAME, str(index))
            self.exchange.add_account(account)
        for number, public in named.items():
            kept = account.keys.setdefault(number, Key(nonces=[0]))
            kept.name = public
        self.exchange.touch(account)
        return account, made

    def describe(self, account: Account) -> dict[str, Any]:
        """Give what names the account in /paper/state: its index as text."""
        return {"address": account.name}

    def tick(self) -> None:
        """Carry out what is due and push what is due."""
        self.sequencer.run()
        self.stream.tick()


def accepted(tx_hash: str | list[str]) -> dict[str, Any]:
    """Give the answer to a transaction, or a batch, that the API took."""
    return {
        "code": 200,
        "message": '{"ratelimit": "didn\'t use volume quota"}',
        "tx_hash": tx_hash,
        "predicted_execution_time_ms": EXECUTION_MS,
        "volume_quota_remaining": 0,
    }


def paired(kinds: Any, infos: Any) -> Sequence[tuple[Any, Any]]:
    """Give a batch as pairs of type and info; raises Refusal where they do not match."""
    if not isinstance(kinds, list) or not isinstance(infos, list) or len(kinds) != len(infos):
        raise Refusal(fields.BAD_INFO, "tx_types and tx_infos must be lists of the same length")
    return list(zip(kinds, infos, strict=True))


def _view(method: str, answer: Callable[[HttpRequest], Mapping[str, Any]]) -> View:
    async def view(request: HttpRequest) -> HttpResponse:
        if request.method != method:
            return HttpResponse(status=405, headers={"Allow": method})
        try:
            return json_answer(answer(request))
        except Refusal as refusal:
            return json_answer(refusal.body(), refusal.status)

    return answers_errors(view)


def _keys(given: Any) -> dict[str, str]:
    """Give public keys by their index; raises Refused."""
    if not isinstance(given, Mapping):
        raise invalid({"api_keys": ["Must be an object of index and public key."]})
    found = {}
    for index, public in given.items():
        plain = public.lower().removeprefix("0x") if isinstance(public, str) else ""
        if not index.isascii() or not index.isdigit() or not LOWEST_KEY <= int(index) <= HIGHEST_KEY:
            raise invalid({"api_keys": [f"An index is from {LOWEST_KEY} to {HIGHEST_KEY}, not {index!r}."]})
        if not PUBLIC_KEY.fullmatch(plain):
            raise invalid({"api_keys": ["A public key is 80 hexadecimal digits."]})
        found[str(int(index))] = plain
    return found
