"""PM → trader over HTTP: one deadline for the whole answer, a token, a size cap, answers checked."""

import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from http.client import HTTPException, RemoteDisconnected
from typing import Any, TypeGuard

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as TransportTimeout
from urllib3.util.retry import Retry

from venues.contract.errors import (
    BadAnswer,
    Conflict,
    NotFound,
    ProductError,
    Refused,
    TokenRefused,
    Unreachable,
)
from venues.contract.limits import LIMIT_NAMES
from venues.contract.listing import Listing, read_listing
from venues.contract.names import StrategyKey
from venues.contract.states import Account, StrategyState, Trade
from venues.serving.parsers import ESCAPED_HALF, dump_json, is_whole

LONGEST = 8 * 1024 * 1024
MOST_SENTENCES = 5
READ_S = 3.0
_threads = threading.local()


class NotListening(Unreachable):
    """Nobody accepts connections there: surely nothing was sent."""


class DeadlineSocket(socket.socket):
    """A socket whose every read ends at the thread's deadline: requests' own timeout is per read."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Read, waiting no longer than until the deadline."""
        left = _threads.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self.settimeout(left)
        return super().recv_into(*args, **kwargs)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        return DeadlineSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _Transport(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        schemes = {**self.poolmanager.pool_classes_by_scheme, "http": _Pool}
        self.poolmanager.pool_classes_by_scheme = schemes


def _session() -> requests.Session:
    """Give the thread's session: sessions are not for sharing, connections are for keeping."""
    held: requests.Session | None = getattr(_threads, "session", None)
    if held is None:
        held = requests.Session()
        held.trust_env = False
        held.mount("http://", _Transport(max_retries=Retry(0, read=False), pool_connections=64))
        _threads.session = held
    return held


class TraderAdapter:
    """The commands and reads of one trader (api.md, section 2).

    Every method takes `timeout_s` for the whole of it and raises NotListening or Unreachable (no
    answer in time), BadAnswer (an answer not to be believed), Conflict, NotFound or Refused (the
    trader's refusal, with its code, its sentence and, of a Conflict, its row).
    """

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/")
        self.headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def strategies(self, timeout_s: float = READ_S) -> Listing:
        """Give all rows, of a bare list or under "strategies"; BadAnswer where none can be read."""
        answer = self._call("GET", "/api/strategies", None, timeout_s)
        rows = answer.get("strategies") if isinstance(answer, Mapping) else answer
        if not isinstance(rows, list):
            raise BadAnswer("The trader's strategies are not a list.")
        return read_listing(rows)

    def account(self, timeout_s: float = READ_S) -> Account:
        """Give the account as the trader sees it; NotFound where a trader offers none."""
        return Account.from_json(self._call("GET", "/api/account", None, timeout_s))

    def trades(self, timeout_s: float = READ_S) -> list[Trade]:
        """Give the last closed trades; NotFound where a trader offers none."""
        answer = self._call("GET", "/api/trades", None, timeout_s)
        rows = answer.get("trades") if isinstance(answer, Mapping) else answer
        if not isinstance(rows, list):
            raise BadAnswer("The trader's trades are not a list.")
        return [Trade.from_json(row) for row in rows]

    def put_settings(
        self,
        key: StrategyKey,
        changes: Mapping[str, Decimal],
        revision: int | None,
        timeout_s: float = READ_S,
    ) -> StrategyState:
        """Change settings (percent and USD) at this revision; gives the row that holds then."""
        body = {**changes, **({} if revision is None else {"revision": revision})}
        return self._command("PUT", key, "settings", body, timeout_s)

    def put_settings_list(
        self,
        items: Sequence[tuple[StrategyKey, Mapping[str, Decimal], int]],
        timeout_s: float = READ_S,
    ) -> list[StrategyState]:
        """Change settings of many, all or nothing; gives their rows."""
        updates = [{**key._asdict(), **changes, "revision": revision} for key, changes, revision in items]
        answer = self._call("PUT", "/api/strategies/settings", {"updates": updates}, timeout_s)
        rows = answer.get("strategies") if isinstance(answer, Mapping) else answer
        if not isinstance(rows, list):
            raise BadAnswer("The trader's answer to a list of settings is no list.")
        return [StrategyState.from_json(row) for row in rows]

    def set_enabled(
        self, key: StrategyKey, enabled: bool, revision: int | None, timeout_s: float = READ_S
    ) -> StrategyState:
        """Enable or disable at this revision; gives the row that holds then."""
        body = {} if revision is None else {"revision": revision}
        return self._command("POST", key, "enable" if enabled else "disable", body, timeout_s)

    def reset(
        self, key: StrategyKey, epoch: int | None, force: bool, timeout_s: float = READ_S
    ) -> StrategyState:
        """Reset a kill, the one of `epoch` where named; gives the row that holds then."""
        body: dict[str, Any] = {} if epoch is None else {"epoch": epoch}
        return self._command(
            "POST", key, "reset-kill-switch", body | ({"force": True} if force else {}), timeout_s
        )

    def kill(
        self, key: StrategyKey, flatten: bool | None, reason: str, timeout_s: float = READ_S
    ) -> StrategyState:
        """Kill; gives the row that holds then."""
        body: dict[str, Any] = {"reason": reason} if reason else {}
        if flatten is not None:
            body["flatten"] = flatten
        return self._command("POST", key, "kill", body, timeout_s)

    def close(self, key: StrategyKey, timeout_s: float = READ_S) -> StrategyState:
        """Close the open trade; gives the row that holds then."""
        return self._command("POST", key, "close", {}, timeout_s)

    def _command(
        self, method: str, key: StrategyKey, verb: str, body: Mapping[str, Any], timeout_s: float
    ) -> StrategyState:
        until = time.monotonic() + timeout_s
        path = f"/api/strategies/{key.strategy_id}/{key.symbol}/{verb}"
        answer = self._call(method, path, body, timeout_s)
        if not isinstance(answer, Mapping):
            raise BadAnswer("The trader's answer is not an object.")
        if "strategy_id" in answer or "symbol" in answer:
            state = StrategyState.from_json(answer)
            if (state.strategy_id, state.symbol) != key:
                raise BadAnswer("The trader answered for another strategy.")
            return state
        # A minimal trader may say no more than that it is done: its list says what holds.
        for state in self.strategies(until - time.monotonic()).states:
            if (state.strategy_id, state.symbol) == key:
                return state
        raise BadAnswer("The trader does not report the strategy it was asked about.")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None, timeout_s: float) -> Any:
        if timeout_s <= 0:
            raise Unreachable("The trader did not answer in time.")
        _threads.deadline = time.monotonic() + timeout_s
        headers = dict(self.headers)
        data = None
        if body is not None:
            data = dump_json(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            with _session().request(
                method,
                self.url + path,
                data=data,
                headers=headers,
                timeout=(min(1.0, timeout_s), timeout_s),
                stream=True,
                allow_redirects=False,
            ) as response:
                content = _content(response.raw)
                status = response.status_code
        except requests.exceptions.ConnectionError as error:
            if _nobody_there(error):
                raise NotListening("The trader is not running: the connection was refused.") from None
            if _no_http(error):
                raise BadAnswer("The trader's answer is not HTTP.") from None
            raise Unreachable("The connection to the trader broke off.") from None
        except (requests.exceptions.Timeout, TransportTimeout, TimeoutError):
            raise Unreachable("The trader did not answer in time.") from None
        except ProtocolError:
            raise Unreachable("The connection to the trader broke off.") from None
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            raise BadAnswer(f"The trader's answer could not be read ({type(error).__name__}).") from None
        return _believed(status, content)


def _nobody_there(error: requests.exceptions.ConnectionError) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)


def _no_http(error: requests.exceptions.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    deeper = cause.args[-1] if isinstance(cause, ProtocolError) and cause.args else None
    return isinstance(deeper, HTTPException) and not isinstance(deeper, RemoteDisconnected)


def _content(raw: HTTPResponse) -> bytes:
    """Read the body up to the size cap; by `read1`, which gives what has come, not what was asked."""
    parts: list[bytes] = []
    size = 0
    while part := raw.read1(65536, decode_content=False):
        parts.append(part)
        size += len(part)
        if size > LONGEST:
            raise BadAnswer("The trader's answer is too large.")
        if time.monotonic() > _threads.deadline:
            raise TimeoutError
    return b"".join(parts)


def read_json(content: bytes | str) -> Any:
    """Give a trader's JSON with its numbers exact; raises BadAnswer.

    Exponents pass, unlike in requests to us: a plain program writes small floats with them. Half
    a character (a lone surrogate) does not: no answer and no database of ours could hold it.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        found = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadAnswer("The trader's answer is not JSON.") from None
    if ESCAPED_HALF.search(text) and not is_whole(found):
        raise BadAnswer("The trader's answer has half a character.")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _believed(status: int, content: bytes) -> Any:
    if status in {200, 201}:
        return read_json(content)
    raise _refusal(status, content)


def _refusal(status: int, content: bytes) -> ProductError:
    try:
        body = read_json(content)
    except BadAnswer:
        body = None
    given = body if isinstance(body, Mapping) else {}
    code, said = given.get("code"), given.get("detail")
    word = code[:32] if isinstance(code, str) and code.isidentifier() else None
    sentence = said[:300] if _is_sentence(said) else f"It answered {status}."
    fields = _sentences(given.get("fields"))
    if status == 409:
        row = given.get("row") if isinstance(given.get("row"), Mapping) else None
        return Conflict(sentence, code=word or "rejected", fields=fields, row=row)
    if status == 404 and body is not None:
        return NotFound(sentence)
    if status in {400, 413, 422}:
        return Refused(sentence, code=word, fields=fields)
    if status == 503 and word == "not_durable":
        return Unreachable(sentence, code=word)
    if status in {429, 503}:
        return Unreachable(f"The trader cannot answer at the moment: {sentence}")
    if status in {401, 403}:
        return TokenRefused()
    return BadAnswer(f"The trader's answer was not to be believed: {sentence} ({status})")


def _is_sentence(said: Any) -> TypeGuard[str]:
    return isinstance(said, str) and said.isprintable() and bool(said)


def _sentences(fields: Any) -> dict[str, list[str]]:
    """Give what a refusal says of the settings by name; nothing else of it is passed on."""
    found = fields if isinstance(fields, Mapping) else {}
    lists = {name: found[name] for name in LIMIT_NAMES if isinstance(found.get(name), list)}
    said = {name: [one[:300] for one in given if _is_sentence(one)] for name, given in lists.items()}
    return {name: given[:MOST_SENTENCES] for name, given in said.items() if given}
