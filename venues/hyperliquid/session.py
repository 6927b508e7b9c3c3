"""The HTTP session under the SDK: asks permission last, and knows whether a request has left."""

from collections.abc import Callable
from typing import Any

import requests

CONNECT_S = 2.0
READ_S = 4.0
LONGEST_SAYING = 300
SOONEST_EXPIRY_MS, LATEST_EXPIRY_MS = 1000, 60_000


def always() -> bool:
    """Permit what needs no permission."""
    return True


class Denied(Exception):
    """The request was not permitted when its turn came; nothing of it left."""

    def __init__(self, said: str = "The order was denied when its turn came.", code: str = "denied") -> None:
        super().__init__(said)
        self.code = code


def check_expiry(expires_ms: int, now_ms: int) -> None:
    """Raise Denied unless an order about to leave expires 1 to 60 s on in venue time (risk.md, I19)."""
    if not SOONEST_EXPIRY_MS <= expires_ms - now_ms <= LATEST_EXPIRY_MS:
        ahead_s = (expires_ms - now_ms) / 1000
        raise Denied(f"The order would expire {ahead_s:.1f} s on in venue time, not 1 to 60.", "expired")


class Payload:
    """A request's body that is handed out once the connection stands, if it is permitted then.

    A connection may take seconds to open: asked before it, permission would be old.
    """

    def __init__(self, body: bytes, permit: Callable[[], bool]) -> None:
        self._body = body
        self._permit = permit
        self.left = False

    def __len__(self) -> int:
        return len(self._body)

    def read(self, _size: int = -1) -> bytes:
        """Give the whole body at the first call, then nothing; raises Denied."""
        if self.left:
            return b""
        if not self._permit():
            raise Denied
        self.left = True
        return self._body


class VenueSession(requests.Session):
    """One thread's session: no proxies, no redirects, no retries, every request with a limit."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["Content-Type"] = "application/json"
        self._permit: Callable[[], bool] = always
        self.left = False
        self.status: int | None = None
        self.said = ""

    def permitting(self, permit: Callable[[], bool]) -> None:
        """Ask `permit` for every request from here on, and forget the request before."""
        self._permit, self.left, self.status, self.said = permit, False, None, ""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send as requests does; notes whether the body left and what status came back."""
        body = request.body or b""
        payload = Payload(body.encode() if isinstance(body, str) else bytes(body), self._permit)
        request.body = payload  # type: ignore[assignment]  # a readable body with a length
        kwargs["allow_redirects"] = False
        try:
            response = super().send(request, **kwargs)
        finally:
            self.left = payload.left
        self.status = response.status_code
        self.said = response.text[:LONGEST_SAYING] if response.status_code >= 400 else ""
        return response
